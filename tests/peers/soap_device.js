// An ONVIF device on npm `soap`, an independent SOAP stack with the official WSDLs: Device and Media2 (H.265).
// node soap_device.js NODE_MODULES WSDL_FOLDER RTSP_PORT [USER PASSWORD]; prints its port when it is ready.
const [modules, wsdls, rtspPort, user, password] = process.argv.slice(2);
const { createHash } = require("crypto");
const { readFileSync } = require("fs");
const http = require("http");
const path = require("path");
const soap = require(path.join(modules, "soap"));

const server = http.createServer((request, response) => response.writeHead(404).end());

function demandLogin(headers) {
  if (!user) return;
  const token = headers && headers.Security && headers.Security.UsernameToken;
  const text = (value) => (value && value.$value !== undefined ? value.$value : value) || "";
  const created = token ? text(token.Created) : "";
  const right = createHash("sha1")
    .update(Buffer.concat([Buffer.from(token ? text(token.Nonce) : "", "base64"), Buffer.from(`${created instanceof Date ? created.toISOString() : created}${password}`)]))
    .digest("base64");
  if (token && text(token.Username) === user && text(token.Password) === right) return;
  throw {
    Fault: {
      Code: { Value: "soap:Sender", Subcode: { Value: "ter:NotAuthorized" } },
      Reason: { Text: "Sender not Authorized" },
      statusCode: 400,
    },
  };
}

const behind = (reply) => (args, callback, headers) => (demandLogin(headers), reply(args));
const address = () => `http://127.0.0.1:${server.address().port}`;

const device = {
  GetSystemDateAndTime: () => {
    const now = new Date();
    const Time = { Hour: now.getUTCHours(), Minute: now.getUTCMinutes(), Second: now.getUTCSeconds() };
    const day = { Year: now.getUTCFullYear(), Month: now.getUTCMonth() + 1, Day: now.getUTCDate() };
    return { SystemDateAndTime: { DateTimeType: "NTP", DaylightSavings: false, TimeZone: { TZ: "ICT-7" }, UTCDateTime: { Time, Date: day } } };
  },
  GetServices: () => ({
    Service: [
      { Namespace: "http://www.onvif.org/ver10/device/wsdl", XAddr: `${address()}/onvif/device_service`, Version: { Major: 24, Minor: 12 } },
      { Namespace: "http://www.onvif.org/ver20/media/wsdl", XAddr: `${address()}/onvif/media2`, Version: { Major: 24, Minor: 12 } },
    ],
  }),
  GetDeviceInformation: behind(() => ({
    Manufacturer: "npm-soap", Model: "SD-1", FirmwareVersion: "1.13.0", SerialNumber: "SOAP0001", HardwareId: "node",
  })),
};

const encoder = {
  attributes: { token: "encoder1", GovLength: 50, Profile: "Main" },
  Name: "main", UseCount: 1, Encoding: "H265", Resolution: { Width: 1920, Height: 1080 },
  RateControl: { attributes: { ConstantBitRate: false }, FrameRateLimit: 25, BitrateLimit: 4096 }, Quality: 4,
};
const source = {
  attributes: { token: "source1" }, Name: "source", UseCount: 1, SourceToken: "imager1",
  Bounds: { attributes: { x: 0, y: 0, width: 1920, height: 1080 } },
};
const media2 = {
  GetProfiles: behind((args) => {
    const wanted = [].concat((args && args.Type) || []).map((type) => (type && type.$value) || type);
    const Configurations = {};
    if (wanted.includes("VideoSource") || wanted.includes("All")) Configurations.VideoSource = source;
    if (wanted.includes("VideoEncoder") || wanted.includes("All")) Configurations.VideoEncoder = encoder;
    const profile = { attributes: { token: "profile1", fixed: true }, Name: "main" };
    return { Profiles: [wanted.length ? { ...profile, Configurations } : profile] };
  }),
  GetVideoEncoderConfigurationOptions: behind(() => ({
    Options: ["H265", "H264"].map((Encoding) => ({
      attributes: { GovLengthRange: "1 100", FrameRatesSupported: "25 20 15 10 5", ProfilesSupported: "Main" },
      Encoding, QualityRange: { Min: 1, Max: 6 },
      ResolutionsAvailable: [{ Width: 2560, Height: 1440 }, { Width: 1920, Height: 1080 }], BitrateRange: { Min: 256, Max: 8192 },
    })),
  })),
  GetStreamUri: behind(() => ({ Uri: `rtsp://127.0.0.1:${rtspPort}/stream` })),
};

// The official WSDLs end at the binding: a service element is put in here, in memory only.
function serve(at, file, prefix, binding, operations) {
  const uri = path.join(wsdls, file);
  const element = `<wsdl:service name="Service"><wsdl:port name="Port" binding="${prefix}:${binding}"><soap:address location="${address()}${at}"/></wsdl:port></wsdl:service>`;
  const xml = readFileSync(uri, "utf8").replace("</wsdl:definitions>", `${element}</wsdl:definitions>`);
  return new Promise((resolve, reject) => {
    const callback = (error) => (error ? reject(error) : resolve());
    const services = { Service: { Port: operations } };
    soap.listen(server, { path: at, services, xml, uri, forceSoap12Headers: true, callback });
  });
}

server.listen(0, "127.0.0.1", async () => {
  await serve("/onvif/device_service", "ver10/device/wsdl/devicemgmt.wsdl", "tds", "DeviceBinding", device);
  await serve("/onvif/media2", "ver20/media/wsdl/media.wsdl", "tr2", "Media2Binding", media2);
  console.log(server.address().port);
});
