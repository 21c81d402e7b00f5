// Starts the ONVIF mock that npm `onvif` ships as its own test server: Device, Media1 and WS-Discovery, on all interfaces.
// node onvif_mock.js NODE_MODULES, in a network namespace of its own; prints its port when it is ready.
const path = require("path");
const [modules] = process.argv.slice(2);
require(path.join(modules, "coffeescript/register"));
const mock = require(path.join(modules, "onvif/test/serverMockup.coffee"));
mock.server.on("listening", () => console.log(mock.conf.port));
