//! How single values of the settings are read.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::TcpListen;

/// A whole number of seconds.
pub(super) fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|s| Duration::from_secs(s.into()))
}

/// `same`, `off`, or an address with a port.
pub(super) fn tcp_listen<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<TcpListen, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_str() {
        "same" => Ok(TcpListen::Same),
        "off" => Ok(TcpListen::Off),
        address => address.parse().map(TcpListen::At).map_err(|_| {
            serde::de::Error::custom(format!(
                "{text:?} is neither \"same\", \"off\" nor an address with a port"
            ))
        }),
    }
}

/// A list of texts that are each something.
pub(super) fn texts<'de, D: serde::Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse = |text: &String| {
        text.parse()
            .map_err(|_| serde::de::Error::custom(format!("{text:?} is not an IP address, alone or with a port")))
    };
    texts.iter().map(parse).collect()
}

/// A text, or nothing.
pub(super) fn empty_is_no_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// An address with a port, or nothing.
pub(super) fn empty_is_no_address<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let address = text.parse().map(Some);
    address.map_err(|_| serde::de::Error::custom(format!("{text:?} is no address with a port")))
}

/// A web address, or nothing.
pub(super) fn empty_is_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|error| serde::de::Error::custom(format!("{text:?} is not a web address ({error})")))
}

/// Whether a web address is nothing but scheme, host and port.
pub(super) fn is_origin(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none()
}

/// What is said of an address that is more.
pub(super) fn no_origin(url: &Url) -> String {
    format!("{url} is not a plain web address; write for example \"https://live.example.org\"")
}
