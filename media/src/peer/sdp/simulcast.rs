//! Simulcast layers in an offer (`a=rid`, `a=simulcast`; RFC 8851, RFC 8853) and in its answer.

use super::OfferError;
use super::attribute::{Attributes, is_token};
use super::codec::{parameter, parameters};

/// A layer that a publisher offers to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rid {
    /// What the packets of the layer carry in their header extension: letters, digits, `-` and `_`.
    pub name: String,
    /// Offered as not sending at first (`~`, RFC 8853 section 5.1).
    pub paused: bool,
    /// The restrictions after the direction, as offered (`max-width=1280`); may be empty.
    pub restrictions: String,
}

/// The layers that a section offers to send, in the offer's order, best first. Empty without `a=simulcast:send`. Of
/// alternatives (`h,x`) it takes the first.
pub(super) fn read(attributes: Attributes<'_>) -> Result<Vec<Rid>, OfferError> {
    const WRONG: OfferError = OfferError::Malformed("a=simulcast");
    let Some(value) = attributes.value("simulcast") else {
        return Ok(Vec::new());
    };
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    if words.is_empty() || words.len() % 2 == 1 {
        return Err(WRONG);
    }
    let send = words.chunks_exact(2).find_map(|pair| match pair {
        ["send", list] => Some(*list),
        _ => None,
    });
    let Some(list) = send else { return Ok(Vec::new()) };
    let mut rids: Vec<Rid> = Vec::new();
    for layer in list.split(';') {
        let first = layer.split(',').next().unwrap_or(layer);
        let (name, paused) = first.strip_prefix('~').map_or((first, false), |name| (name, true));
        if !is_rid(name) || rids.iter().any(|rid| rid.name == name) {
            return Err(WRONG);
        }
        if rids.len() == MAX_RIDS {
            return Err(OfferError::TooManyLayers);
        }
        let restrictions = restrictions(attributes, name)?.to_owned();
        rids.push(Rid {
            name: name.to_owned(),
            paused,
            restrictions,
        });
    }
    Ok(rids)
}

/// What `a=rid:<name> send …` says besides; a layer of `a=simulcast` must have such a line.
fn restrictions<'a>(attributes: Attributes<'a>, name: &str) -> Result<&'a str, OfferError> {
    const WRONG: OfferError = OfferError::Malformed("a=rid");
    let line = attributes
        .values("rid")
        .find_map(|value| value.strip_prefix(name)?.strip_prefix(' '));
    let rest = line.ok_or(OfferError::Missing("a=rid for a simulcast layer"))?;
    let (direction, rest) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    if direction != "send" || rest.len() > MAX_RESTRICTION_BYTES {
        return Err(WRONG);
    }
    let rest = rest.trim();
    let legal = parameters(rest).all(|(key, value)| {
        is_token(key, MAX_RESTRICTION_BYTES) && value.split(',').all(|word| value.is_empty() || is_token(word, 32))
    });
    if legal { Ok(rest) } else { Err(WRONG) }
}

impl Rid {
    /// Whether the layer may be sent with one of these payload types (`pt=`; without it any).
    pub(super) fn allows(&self, payload_types: &[u8]) -> bool {
        parameter(&self.restrictions, "pt").is_none_or(|list| {
            list.split(',')
                .any(|word| word.parse().is_ok_and(|number: u8| payload_types.contains(&number)))
        })
    }

    /// The restrictions for an answer that accepts these payload types: `pt=` lists only accepted ones (RFC 8851
    /// section 6.3).
    pub(super) fn answered_restrictions(&self, payload_types: &[u8]) -> String {
        let mut parts = Vec::new();
        for (key, value) in parameters(&self.restrictions) {
            if key == "pt" {
                let accepted = |word: &&str| word.parse().is_ok_and(|number: u8| payload_types.contains(&number));
                parts.push(format!(
                    "pt={}",
                    value.split(',').filter(accepted).collect::<Vec<_>>().join(",")
                ));
            } else if value.is_empty() {
                parts.push(key.to_owned());
            } else {
                parts.push(format!("{key}={value}"));
            }
        }
        parts.join(";")
    }
}

/// RFC 8852 section 3: letters and digits; RFC 8851 adds `-` and `_`. The header extension holds at most 16 bytes.
fn is_rid(name: &str) -> bool {
    (1..=16).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// Browsers send three; more only costs memory per stream.
const MAX_RIDS: usize = 8;

const MAX_RESTRICTION_BYTES: usize = 256;
