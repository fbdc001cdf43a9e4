//! Packets from frames, as real senders make them: the opposite of what is tested.

use crate::codec::read::push_leb128;
use crate::codec::{Codec, Reader};

/// A second of a moving test picture or a tone by real encoders (AV1: a third of a second). Each frame stands behind
/// its length in four bytes: H.264 and H.265 as Annex B access units, VP9 and AV1 as in IVF, Opus as in Ogg. The first
/// frame is the only key frame.
pub(crate) fn clip(codec: Codec) -> Vec<Vec<u8>> {
    let bytes: &[u8] = match codec {
        Codec::H264 => include_bytes!("fixtures/h264.frames"),
        Codec::H265 => include_bytes!("fixtures/h265.frames"),
        Codec::Vp9 => include_bytes!("fixtures/vp9.frames"),
        Codec::Av1 => include_bytes!("fixtures/av1.frames"),
        Codec::Opus => include_bytes!("fixtures/opus.frames"),
        Codec::Vp8 => &[],
    };
    frames(bytes)
}

/// Splits a clip into its frames.
pub(crate) fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut r = Reader::new(bytes, "clip");
    let mut frames = Vec::new();
    while let Ok(len) = r.u32() {
        frames.push(r.take(len as usize).unwrap().to_vec());
    }
    frames
}

/// The RTP payloads of a frame, each of at most `mtu` bytes or a little more.
pub(crate) fn packetise(codec: Codec, frame: &[u8], is_key: bool, mtu: usize) -> Vec<Vec<u8>> {
    match codec {
        Codec::H264 => nal_packets(&annexb(frame), mtu, h264_fragment, &[0x78]),
        Codec::H265 => nal_packets(&annexb(frame), mtu, h265_fragment, &[0x60, 0x01]),
        Codec::Vp9 => vp9_packets(frame, is_key, mtu),
        Codec::Av1 => av1_packets(frame, is_key, mtu),
        Codec::Vp8 | Codec::Opus => vec![frame.to_vec()],
    }
}

/// The NAL units of an Annex B access unit.
pub(crate) fn annexb(unit: &[u8]) -> Vec<Vec<u8>> {
    let mut nals: Vec<Vec<u8>> = Vec::new();
    let mut rest = unit;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(body) = rest.strip_prefix(&[0, 0, 0, 1]).or(rest.strip_prefix(&[0, 0, 1])) {
            nals.push(Vec::new());
            rest = body;
        } else {
            nals.last_mut().unwrap().push(*first);
            rest = tail;
        }
    }
    nals
}

/// Small units that follow one another are aggregated, large ones fragmented.
fn nal_packets(
    nals: &[Vec<u8>],
    mtu: usize,
    fragment: fn(&[u8], usize) -> Vec<Vec<u8>>,
    aggregate: &[u8],
) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut small: Vec<&Vec<u8>> = Vec::new();
    for nal in nals.iter().map(Some).chain([None]) {
        match nal {
            Some(nal) if nal.len() < mtu / 4 => small.push(nal),
            _ => {
                match small.as_slice() {
                    [] => {}
                    [one] => packets.push((*one).clone()),
                    many => {
                        let mut packet = aggregate.to_vec();
                        for nal in many {
                            packet.extend(u16::try_from(nal.len()).unwrap().to_be_bytes());
                            packet.extend_from_slice(nal);
                        }
                        packets.push(packet);
                    }
                }
                small.clear();
                match nal {
                    Some(nal) if nal.len() <= mtu => packets.push(nal.clone()),
                    Some(nal) => packets.extend(fragment(nal, mtu)),
                    None => {}
                }
            }
        }
    }
    packets
}

fn h264_fragment(nal: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    fragments(&nal[1..], mtu, |start_end| {
        vec![nal[0] & 0xe0 | 28, nal[0] & 0x1f | start_end]
    })
}

fn h265_fragment(nal: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    fragments(&nal[2..], mtu, |start_end| {
        vec![nal[0] & 0x81 | 49 << 1, nal[1], nal[0] >> 1 & 0x3f | start_end]
    })
}

fn fragments(body: &[u8], mtu: usize, header: impl Fn(u8) -> Vec<u8>) -> Vec<Vec<u8>> {
    let count = body.chunks(mtu).count();
    let start_end = |i| if i == 0 { 0x80 } else { 0 } | if i + 1 == count { 0x40 } else { 0 };
    body.chunks(mtu)
        .enumerate()
        .map(|(i, chunk)| [&header(start_end(i)), chunk].concat())
        .collect()
}

fn vp9_packets(frame: &[u8], is_key: bool, mtu: usize) -> Vec<Vec<u8>> {
    let inter = if is_key { 0 } else { 0x40 };
    fragments(frame, mtu, |start_end| {
        let begin_end = (start_end & 0x80) >> 4 | (start_end & 0x40) >> 4;
        vec![0x80 | inter | begin_end, 0x80, 0x01]
    })
}

/// The first packet aggregates the small OBUs before the frame, with lengths; the frame goes in pieces.
fn av1_packets(unit: &[u8], is_key: bool, mtu: usize) -> Vec<Vec<u8>> {
    let mut r = Reader::new(unit, "temporal unit");
    let mut obus: Vec<Vec<u8>> = Vec::new();
    while !r.is_empty() {
        let header = r.u8().unwrap();
        let len = r.leb128().unwrap();
        let body = r.take(len).unwrap();
        if header >> 3 != 2 {
            obus.push([&[header & !0x02], body].concat());
        }
    }
    let frame = obus.pop().unwrap();
    let count = frame.chunks(mtu).count();
    let mut packets = Vec::new();
    for (i, chunk) in frame.chunks(mtu).enumerate() {
        let (first, last) = (i == 0, i + 1 == count);
        let new_sequence = if first && is_key { 0x08 } else { 0 };
        let mut packet = vec![if first { 0 } else { 0x80 } | if last { 0 } else { 0x40 } | new_sequence];
        for obu in obus.drain(..) {
            push_leb128(&mut packet, obu.len());
            packet.extend(obu);
        }
        if first {
            push_leb128(&mut packet, chunk.len());
        } else {
            packet[0] |= 0x10;
        }
        packet.extend_from_slice(chunk);
        packets.push(packet);
    }
    packets
}
