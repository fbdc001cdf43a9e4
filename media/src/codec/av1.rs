//! AV1 in RTP (AV1 RTP payload specification 1.0): the aggregation header, and temporal units from packets.

/// Whether this is the first packet of a coded video sequence: the `N` bit of the aggregation header (section 4.4).
pub fn starts_key_frame(payload: &[u8]) -> bool {
    match payload {
        // N without Z: a sequence cannot begin inside an OBU
        [header, _, ..] => header & 0x88 == 0x08,
        _ => false,
    }
}
