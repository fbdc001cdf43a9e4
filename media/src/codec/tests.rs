//! Frames of real encoders through packets and back, and everybody's packets against arbitrary bytes.

pub(crate) mod packetise;

use super::*;
use packetise::{annexb, clip, packetise};
use proptest::prelude::*;

const ALL: [Codec; 6] = [
    Codec::H264,
    Codec::H265,
    Codec::Vp8,
    Codec::Vp9,
    Codec::Av1,
    Codec::Opus,
];
const RECORDED: [Codec; 5] = [Codec::H264, Codec::H265, Codec::Vp9, Codec::Av1, Codec::Opus];

#[test]
fn key_frames_are_seen_where_they_start_and_nowhere_else() {
    let table: &[(&str, Codec, &[u8], bool)] = &[
        ("SPS", Codec::H264, &[0x67, 0x42, 0xe0, 0x1f], true),
        ("PPS", Codec::H264, &[0x68, 0xce], false),
        ("IDR, first slice", Codec::H264, &[0x65, 0x88], true),
        ("IDR, later slice", Codec::H264, &[0x65, 0x40], false),
        ("P slice", Codec::H264, &[0x41, 0x9a], false),
        ("SEI", Codec::H264, &[0x06, 0x05], false),
        (
            "STAP-A: delimiter, SPS",
            Codec::H264,
            &[0x78, 0, 2, 9, 0xf0, 0, 2, 0x67, 0x42],
            true,
        ),
        (
            "STAP-A: SEI, P slice",
            Codec::H264,
            &[0x78, 0, 2, 6, 5, 0, 2, 0x41, 0x9a],
            false,
        ),
        ("STAP-A torn before its SPS", Codec::H264, &[0x78, 0, 9, 0x67], false),
        ("FU-A, start of IDR", Codec::H264, &[0x7c, 0x85, 0x88], true),
        ("FU-A, middle of IDR", Codec::H264, &[0x7c, 0x05, 0x88], false),
        ("FU-A, start of P", Codec::H264, &[0x7c, 0x81, 0x9a], false),
        ("VPS", Codec::H265, &[0x40, 0x01, 0x0c], true),
        ("SPS", Codec::H265, &[0x42, 0x01, 0x01], true),
        ("IDR_W_RADL", Codec::H265, &[0x26, 0x01, 0xaf], true),
        ("CRA, later slice", Codec::H265, &[0x2a, 0x01, 0x2f], false),
        ("TRAIL_R", Codec::H265, &[0x02, 0x01, 0xd0], false),
        (
            "AP: delimiter, VPS",
            Codec::H265,
            &[0x60, 0x01, 0, 3, 0x46, 1, 0x50, 0, 3, 0x40, 1, 0x0c],
            true,
        ),
        ("FU, start of IDR_N_LP", Codec::H265, &[0x62, 0x01, 0x94, 0xaf], true),
        ("FU, end of IDR_N_LP", Codec::H265, &[0x62, 0x01, 0x54, 0xaf], false),
        ("plain key", Codec::Vp8, &[0x10, 0x10, 0x02], true),
        ("plain inter", Codec::Vp8, &[0x10, 0x11, 0x02], false),
        (
            "key, 15-bit picture id, TL0, TID",
            Codec::Vp8,
            &[0x90, 0xe0, 0x80, 1, 7, 0x40, 0x10],
            true,
        ),
        ("key, later packet", Codec::Vp8, &[0x80, 0x80, 0x05, 0x10], false),
        ("key, partition 1", Codec::Vp8, &[0x11, 0x10], false),
        ("key", Codec::Vp9, &[0x8c, 0x05, 0x82, 0x49], true),
        (
            "key with scalability structure",
            Codec::Vp9,
            &[0x8a, 5, 0x18, 1, 64, 0, 180, 1, 0x04, 9, 0x82],
            true,
        ),
        (
            "key picture, upper spatial layer",
            Codec::Vp9,
            &[0xac, 0x05, 0x03, 0, 0x82],
            false,
        ),
        ("intra-only", Codec::Vp9, &[0x8c, 0x05, 0x84], false),
        ("inter", Codec::Vp9, &[0xcc, 0x05, 0x86], false),
        ("key, later packet", Codec::Vp9, &[0x84, 0x05, 0x82], false),
        ("profile 3 key", Codec::Vp9, &[0x08, 0xb1], true),
        ("new sequence", Codec::Av1, &[0x18, 0x0a, 0x0b], true),
        ("middle of a frame", Codec::Av1, &[0x90, 0x0a, 0x0b], false),
        ("inter frame", Codec::Av1, &[0x10, 0x32], false),
        ("music", Codec::Opus, &[0xfc, 0xff], false),
    ];
    for (name, codec, payload, want) in table {
        assert_eq!(starts_key_frame(*codec, payload), *want, "{codec:?} {name}");
    }
    assert!(ALL.iter().all(|codec| !starts_key_frame(*codec, &[])));
}

#[test]
fn layers_are_read_where_the_payload_names_them() {
    type Row<'a> = (Codec, &'a [u8], Option<(u8, u8)>);
    let table: &[Row<'_>] = &[
        (Codec::Vp8, &[0x90, 0xe0, 0x80, 1, 7, 0x80, 0x10], Some((0, 2))),
        (Codec::Vp8, &[0x10, 0x10], Some((0, 0))),
        (Codec::Vp9, &[0xac, 0x05, 0x45, 0, 0x82], Some((2, 2))),
        (Codec::H265, &[0x02, 0x02, 0xd0], Some((0, 1))),
        (Codec::Av1, &[0x10, 0x36, 0x48, 0], Some((1, 2))),
        (Codec::Av1, &[0x10, 0x32, 0x48, 0], None),
        (Codec::Av1, &[0x90, 0x36, 0x48, 0], None),
        (Codec::H264, &[0x67, 0x42], None),
    ];
    for (codec, payload, want) in table {
        let want = want.map(|(spatial, temporal)| Layer { spatial, temporal });
        assert_eq!(layer(*codec, payload), want, "{codec:?} {payload:02x?}");
    }
}

#[test]
fn real_frames_survive_packets_of_any_size() {
    for codec in RECORDED {
        for mtu in [60, 333, 1200] {
            let mut depacketiser = Depacketiser::new(codec).unwrap();
            for (index, frame) in clip(codec).iter().enumerate() {
                let packets = packetise(codec, frame, index == 0, mtu);
                let starts = packets.iter().any(|packet| starts_key_frame(codec, packet));
                assert_eq!(
                    starts,
                    index == 0 && codec.kind() == Kind::Video,
                    "{codec:?} frame {index}"
                );
                let mut sample = b"before".to_vec();
                let key = depacketiser
                    .frame(packets.iter().map(Vec::as_slice), &mut sample)
                    .unwrap();
                assert_eq!(
                    key,
                    index == 0 || codec.kind() == Kind::Audio,
                    "{codec:?} frame {index}"
                );
                assert_eq!(
                    sample,
                    [b"before".to_vec(), as_sample(codec, frame)].concat(),
                    "{codec:?} frame {index}"
                );
            }
        }
    }
}

/// What MP4 stores of a frame.
fn as_sample(codec: Codec, frame: &[u8]) -> Vec<u8> {
    let is_parameter_set = |nal: &[u8]| match codec {
        Codec::H264 => matches!(nal[0] & 0x1f, 7 | 8),
        _ => matches!(nal[0] >> 1, 32..=34),
    };
    match codec {
        Codec::H264 | Codec::H265 => {
            let nals = annexb(frame).into_iter().filter(|nal| !is_parameter_set(nal));
            nals.flat_map(|nal| [u32::try_from(nal.len()).unwrap().to_be_bytes().to_vec(), nal].concat())
                .collect()
        }
        Codec::Av1 => frame.strip_prefix(&[0x12, 0x00]).unwrap().to_vec(),
        _ => frame.to_vec(),
    }
}

#[test]
fn the_description_comes_from_the_bitstream() {
    let table = [
        (Codec::H264, "avc1.42c00b", 160, 90),
        (Codec::H265, "hvc1.1.6.L30.90", 160, 90),
        (Codec::Vp9, "vp09.00.11.08", 160, 90),
        (Codec::Av1, "av01.0.00M.08", 160, 90),
        (Codec::Opus, "Opus", 0, 0),
    ];
    for (codec, codecs, width, height) in table {
        let mut depacketiser = Depacketiser::new(codec).unwrap();
        let packets = packetise(codec, &clip(codec)[0], true, 1200);
        depacketiser
            .frame(packets.iter().map(Vec::as_slice), &mut Vec::new())
            .unwrap();
        let description = depacketiser.description().unwrap();
        assert_eq!(
            (description.codecs.as_str(), description.width, description.height),
            (codecs, width, height)
        );
    }
    assert!(Depacketiser::new(Codec::Vp8).is_none());
    assert!(Depacketiser::new(Codec::H264).unwrap().description().is_none());
}

#[test]
fn spatial_layers_of_a_vp9_picture_become_a_superframe() {
    let key = clip(Codec::Vp9)[0].clone();
    let structure = [&[0x8e, 0x05, 0x30][..], &[0, 80, 0, 45, 0, 160, 0, 90], &key].concat();
    let upper = [&[0xac, 0x05, 0x03, 0x00][..], b"upper"].concat();
    let mut depacketiser = Depacketiser::new(Codec::Vp9).unwrap();
    let mut sample = Vec::new();
    assert_eq!(depacketiser.frame([&structure[..], &upper], &mut sample), Ok(true));
    let length = u32::try_from(key.len()).unwrap().to_le_bytes();
    assert_eq!(
        sample,
        [&key[..], b"upper", &[0xd9], &length, &[5, 0, 0, 0], &[0xd9]].concat()
    );
    assert_eq!(depacketiser.description().map(|d| (d.width, d.height)), Some((160, 90)));
}

#[test]
fn broken_frames_leave_the_sample_alone() {
    let table: &[(Codec, &[&[u8]])] = &[
        (Codec::H264, &[&[0x7c, 0x05, 0x88]]),
        (Codec::H264, &[&[0x7c, 0x85, 0x88]]),
        (Codec::H264, &[&[0x78, 0, 9, 0x67]]),
        (Codec::H264, &[&[0x7c, 0x85, 0x88], &[0x41, 0x9a]]),
        (Codec::H265, &[&[0x62, 0x01, 0x54, 0xaf]]),
        (Codec::Vp9, &[&[0x80, 0x05, 1, 2, 3]]),
        (Codec::Av1, &[&[0x90, 1, 2]]),
        (Codec::Av1, &[&[0x50, 0x32, 2]]),
        (Codec::Av1, &[&[0x10, 0x32, 2], &[0x90, 0x32, 2]]),
    ];
    for (codec, packets) in table {
        let mut sample = b"before".to_vec();
        assert!(
            Depacketiser::new(*codec)
                .unwrap()
                .frame(packets.iter().copied(), &mut sample)
                .is_err(),
            "{packets:?}"
        );
        assert_eq!(sample, b"before");
    }
}

#[test]
fn opus_packets_tell_their_length() {
    let table: [(&[u8], u32); 8] = [
        (&[0xfc], 960),
        (&opus::SILENCE, opus::SILENCE_SAMPLES),
        (&[0x78], 960),
        (&[0x18], 2880),
        (&[0xe1], 240),
        (&[0xfb, 0x03], 2880),
        (&[0xfb, 0x3f], 0),
        (&[], 0),
    ];
    for (packet, samples) in table {
        assert_eq!(opus::samples(packet), samples, "{packet:02x?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..48), 0..6)) {
        for codec in ALL {
            check_any(codec, &packets);
        }
    }

    #[test]
    fn damaged_frames_are_survived(at in any::<prop::sample::Index>(), xor in 1u8..) {
        for codec in RECORDED {
            let mut packets = packetise(codec, &clip(codec)[0], true, 100);
            let total: usize = packets.iter().map(Vec::len).sum();
            let mut at = at.index(total);
            for packet in &mut packets {
                if let Some(byte) = packet.get_mut(at) {
                    *byte ^= xor;
                    break;
                }
                at -= packet.len();
            }
            check_any(codec, &packets);
        }
    }
}

/// Nothing panics, and nothing grows beyond what was given.
fn check_any(codec: Codec, packets: &[Vec<u8>]) {
    for packet in packets {
        starts_key_frame(codec, packet);
        layer(codec, packet);
    }
    let Some(mut depacketiser) = Depacketiser::new(codec) else {
        return;
    };
    let mut sample = Vec::new();
    let given: usize = packets.iter().map(|packet| packet.len() + 8).sum();
    if depacketiser
        .frame(packets.iter().map(Vec::as_slice), &mut sample)
        .is_ok()
    {
        assert!(sample.len() <= 3 * given, "{} bytes from {given}", sample.len());
    }
    depacketiser.description();
}
