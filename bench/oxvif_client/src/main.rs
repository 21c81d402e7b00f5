//! The questions of `bench/onvif.py` put by oxvif: one JSON row a device, then what it cost.
//!
//! Arguments: `shared` (one transport for all devices) or `own` (as the crate comes), devices, port, user,
//! password, devices at once. oxvif follows the addresses that devices name: run it on loopback only.

use std::sync::Arc;

use oxvif::transport::{HttpTransport, Transport};
use oxvif::{OnvifClient, OnvifError};
use tokio::sync::Semaphore;

const MEDIA: &str = "http://www.onvif.org/ver10/media/wsdl";

#[derive(Clone)]
struct Login {
    user: String,
    password: String,
}

fn client(url: &str, login: Option<&Login>, transport: Option<&Arc<dyn Transport>>) -> OnvifClient {
    let mut client = OnvifClient::new(url);
    if let Some(login) = login {
        client = client.with_credentials(&login.user, &login.password);
    }
    match transport {
        Some(transport) => client.with_transport(transport.clone()),
        None => client,
    }
}

async fn ask(url: String, login: Login, transport: Option<Arc<dyn Transport>>) -> Result<String, OnvifError> {
    let open = client(&url, None, transport.as_ref());
    let known = client(&url, Some(&login), transport.as_ref());
    open.get_system_date_and_time().await?;
    let services = open.get_services().await?;
    let media = services.iter().find(|s| s.namespace == MEDIA).map(|s| s.url.clone()).unwrap_or_default();
    known.device_get_service_capabilities().await?;
    let refused = [
        open.get_device_info().await.is_err(),
        open.get_profiles(&media).await.is_err(),
        open.get_users().await.is_err(),
    ];
    assert!(refused.iter().all(|is_refused| *is_refused), "the device is open");
    let information = known.get_device_info().await?;
    known.get_network_interfaces().await?;
    known.get_network_protocols().await?;
    known.get_ntp().await?;
    known.get_scopes().await?;
    known.get_users().await?;
    let profiles = known.get_profiles(&media).await?;
    let encoders = known.get_video_encoder_configurations(&media).await?;
    let mut uris = Vec::new();
    for profile in &profiles {
        uris.push(known.get_stream_uri(&media, &profile.token).await?.uri);
        let encoder = profile.video_encoder_token.clone().unwrap_or_default();
        known.get_video_encoder_configuration_options(&media, &encoder).await?;
    }
    let main = profiles.first().and_then(|p| p.video_encoder_token.clone()).unwrap_or_default();
    let encoder = encoders.iter().find(|e| e.token == main).expect("the main encoder is listed");
    let rate = encoder.rate_control.as_ref().map_or(0, |control| control.frame_rate_limit);
    Ok(format!(
        "[\"{}\",\"{}\",{},{}.0,\"{}\"]",
        information.serial_number,
        format!("{:?}", encoder.encoding).to_uppercase(),
        encoder.resolution.width,
        rate,
        uris[0]
    ))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [mode, devices, port, user, password, at_once] = words.as_slice() else {
        eprintln!("shared|own DEVICES PORT USER PASSWORD AT_ONCE");
        std::process::exit(2);
    };
    let transport: Option<Arc<dyn Transport>> =
        (mode == "shared").then(|| Arc::new(HttpTransport::new()) as Arc<dyn Transport>);
    let gate = Arc::new(Semaphore::new(at_once.parse().expect("a number")));
    let login = Login { user: user.clone(), password: password.clone() };
    let mut asked = Vec::new();
    for number in 0..devices.parse::<usize>().expect("a number") {
        let url = format!("http://127.21.{}.{}:{port}/onvif/device_service", number / 250, number % 250 + 1);
        let (gate, login, transport) = (gate.clone(), login.clone(), transport.clone());
        asked.push(tokio::spawn(async move {
            let _turn = gate.acquire_owned().await.expect("the gate stays open");
            ask(url, login, transport).await
        }));
    }
    for answer in asked {
        match answer.await.expect("no panic") {
            Ok(row) => println!("{row}"),
            Err(error) => println!("[\"{}\",\"\",0,0.0,\"\"]", error.to_string().replace('"', "'")),
        }
    }
}
