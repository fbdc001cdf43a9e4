//! Where inputs start from: golden offers, packets as the engine itself writes them, and what is kept on disk.

use lectern_media::wire::{rtcp, stun};
use std::fs;
use std::path::{Path, PathBuf};

/// The kept inputs of a target.
fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// All that a target starts from, always in the same order. Never empty.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let mut seeds = files(&folder(target), "");
    match target {
        "offer" | "engine" => seeds.extend(offers()),
        "fragment" => seeds.push(FRAGMENT.to_vec()),
        "rtcp" | "sealed" => seeds.extend(reports()),
        "datagram" => {
            seeds.extend(reports());
            seeds.extend([check(), HELLO.to_vec(), RTP.to_vec()]);
        }
        _ => {}
    }
    match target {
        "sealed" => seeds.push(RTP.to_vec()),
        "rtp" => seeds.extend([RTP.to_vec(), SHORT_EXTENSIONS.to_vec()]),
        "codec" => seeds.extend(frames()),
        "descriptor" => seeds.push(DESCRIPTORS.to_vec()),
        _ => {}
    }
    seeds.push(vec![0]);
    seeds
}

/// A dependency descriptor with a structure of three temporal layers, and two that refer to it, each behind its length.
const DESCRIPTORS: &[u8] = &[
    14, 0xc0, 0x00, 0x01, 0x80, 0x02, 0x5e, 0xa1, 0x81, 0x45, 0x01, 0x04, 0xff, 0x02, 0xcf, 3, 0xc1, 0x00, 0x02, 3,
    0xc2, 0x00, 0x03,
];

/// Keeps an input that broke a target, named by its content.
///
/// # Errors
/// The folder cannot be written.
pub fn keep(target: &str, input: &[u8]) -> std::io::Result<PathBuf> {
    let folder = folder(target);
    fs::create_dir_all(&folder)?;
    // FNV-1a: the name need only be the same for the same bytes.
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = folder.join(format!("{hash:016x}"));
    fs::write(&path, input)?;
    Ok(path)
}

fn files(folder: &Path, ending: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// Offers that browsers and other clients really sent.
fn offers() -> Vec<Vec<u8>> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/peer/sdp/golden");
    files(&golden, ".offer.sdp")
}

/// RTCP as the engine writes it.
fn reports() -> Vec<Vec<u8>> {
    let mut reports = Vec::new();
    let mut one = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut report = Vec::new();
        write(&mut report);
        reports.push(report);
    };
    one(&|out| rtcp::write_sender_report(1, 2 << 32, 3, 4, 5, out));
    one(&|out| rtcp::write_receiver_report(1, &[], out));
    one(&|out| rtcp::write_pli(1, 2, out));
    one(&|out| rtcp::write_nack(1, 2, &[3, 4, 9, 4000, 65_535], out));
    one(&|out| {
        rtcp::write_receiver_report(1, &[], out);
        out.extend_from_slice(TRANSPORT_FEEDBACK);
        rtcp::write_pli(1, 2, out);
    });
    reports
}

/// A connectivity check.
fn check() -> Vec<u8> {
    let mut check = Vec::new();
    stun::write_request(
        "server:peer",
        true,
        [7; 12],
        &stun::integrity_key("password"),
        &mut check,
    );
    check
}

/// Starts of payloads, each with the number of its codec before it, as the target reads them.
fn frames() -> Vec<Vec<u8>> {
    let payloads: [(u8, &[u8]); 9] = [
        (
            0,
            &[
                0x78, 0, 4, 0x67, 0x42, 0xc0, 0x1f, 0, 2, 0x68, 0xc9, 0, 3, 0x65, 0x88, 0x84,
            ],
        ),
        (0, &[0x7c, 0x85, 0x88, 0x84, 0x21]),
        (1, &[0x60, 1, 0, 3, 0x40, 1, 0x0c, 0, 3, 0x42, 1, 1]),
        (1, &[0x62, 1, 0x93, 0xaf]),
        (
            2,
            &[
                0x90, 0x80, 0x81, 0x23, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01,
            ],
        ),
        (
            3,
            &[
                0xaa, 0x81, 0x23, 0x48, 0x10, 0x18, 0x02, 0x80, 0x01, 0xe0, 0x82, 0x49, 0x83, 0x42,
            ],
        ),
        (
            4,
            &[
                0x18, 0x0a, 0x0b, 0x00, 0x00, 0x00, 0x2d, 0x4c, 0xff, 0xb3, 0xc0, 0x21, 0x98, 0x09, 0x04, 0x32, 0x10,
            ],
        ),
        (
            4,
            &[
                0x68, 0x0b, 0x0a, 0x0b, 0x00, 0x00, 0x00, 0x24, 0xce, 0x3f, 0x80, 0x40, 0x05, 0x32, 0x12,
            ],
        ),
        (5, &[0xfc, 0xff, 0xfe]),
    ];
    let framed = |(codec, payload): (u8, &[u8])| {
        let length = u16::try_from(payload.len()).unwrap_or(0).to_be_bytes();
        let again = [&length[..], payload, &length, payload].concat();
        [&[codec][..], &again].concat()
    };
    payloads.into_iter().map(framed).collect()
}

/// RTP with one-byte extensions (RFC 8285 section 4.2), and padding.
const RTP: &[u8] = &[
    0xb0, 0x60, 0x12, 0x34, 0, 0, 0x10, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 2, 0x31, 0, 1, 0x40, b'0', 0xa0, b'h', 0, 0x41,
    0x9a, 0x24, 0x5a, 0, 0, 3,
];

/// RTP with two-byte extensions (RFC 8285 section 4.3) and a contributing source.
const SHORT_EXTENSIONS: &[u8] = &[
    0x91, 0xe0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0x10, 0, 0, 2, 3, 2, 0, 1, 4, 1, b'0', 0, 0x65,
];

/// Transport-wide feedback: seven packets, two of them lost.
const TRANSPORT_FEEDBACK: &[u8] = &[
    0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 7, 0, 0, 4, 0, 0x9f, 0x7c, 0x20, 0x05, 4, 8, 12, 1,
];

/// The start of a DTLS ClientHello.
const HELLO: &[u8] = &[
    22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0xfe, 0xfd,
];

const FRAGMENT: &[u8] = b"a=ice-options:trickle\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n\
    a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
    a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n\
    a=candidate:473322822 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active generation 0\r\na=end-of-candidates\r\n";
