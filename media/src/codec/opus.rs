//! Opus in RTP (RFC 7587): a packet is a frame of sound.

use shiguredo_mp4::bitstream::opus::{ChannelCount, OpusSampleEntryConfig, build_opus_box};
use shiguredo_mp4::boxes::SampleEntry;

/// 20 ms of digital silence in stereo: full-band CELT with its silence flag set (RFC 6716 section 4.3).
pub const SILENCE: [u8; 3] = [0xfc, 0xff, 0xfe];

/// How long [`SILENCE`] lasts, in samples at 48 kHz.
pub const SILENCE_SAMPLES: u32 = 960;

/// How many samples at 48 kHz a packet decodes to, from its first two bytes (RFC 6716 section 3.1); 0 where it is
/// empty or longer than the 120 ms that the format allows.
pub fn samples(packet: &[u8]) -> u32 {
    let Some(&toc) = packet.first() else { return 0 };
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1920, 2880][usize::from(config & 0x03)],
        config @ 12..=15 => [480, 960][usize::from(config & 0x01)],
        config => [120, 240, 480, 960][usize::from(config & 0x03)],
    };
    let frames = match toc & 0x03 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |count| u32::from(count & 0x3f)),
    };
    let samples = frame * frames;
    if samples <= 5760 { samples } else { 0 }
}

/// `Opus` for any stream: a decoder gives two channels whatever a packet has. Pre-skip is that of libopus, 6.5 ms.
pub(super) fn entry() -> SampleEntry {
    SampleEntry::Opus(build_opus_box(&OpusSampleEntryConfig {
        channel_count: ChannelCount::Stereo,
        pre_skip: 312,
        input_sample_rate: 48_000,
        output_gain: 0,
    }))
}
