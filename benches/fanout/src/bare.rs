//! The bare loop: for every frame and viewer a header, the encryption and one send. No SFU can do less.

use crate::sink::Sink;
use crate::{Cost, thread_cpu};
use lectern_media::peer::srtp::{Profile, Sealer, Side};
use std::time::Duration;

const PAYLOAD: [u8; 1130] = [0x55; 1130];
const SOUND: [u8; 90] = [0x33; 90];
const HEADER: usize = 20;

struct Viewer {
    sealer: Sealer,
    index: u64,
    sound_index: u64,
}

/// Forwards as many frames, of so many packets, and pieces of sound as `time` of the clip has.
pub(crate) fn forward(viewers: usize, packets_per_frame: usize, time: Duration, sink: &Sink) -> Cost {
    let viewer = |seed: usize| {
        let mut material = [0x11; 88];
        material[..8].copy_from_slice(&seed.to_le_bytes());
        let sealer = Sealer::new(Profile::Aes256Gcm, &material, Side::Client).expect("88 bytes are enough");
        Viewer {
            sealer,
            index: 1,
            sound_index: 1,
        }
    };
    let mut viewers: Vec<Viewer> = (0..viewers).map(viewer).collect();
    let mut out = vec![0u8; 65_536];
    let (mut packets, mut sends) = (0, 0);
    let frames = (time.as_millis() * 30 / 1000) as usize;
    let (start, allocated) = (thread_cpu(), allocations::count());
    for frame in 0..frames {
        for viewer in &mut viewers {
            let mut len = 0;
            for _ in 0..packets_per_frame {
                len += write(&viewer.sealer, &mut out[len..], &PAYLOAD, 1, viewer.index);
                viewer.index += 1;
            }
            packets += packets_per_frame as u64;
            sends += 1;
            sink.send(&out[..len], Some(len / packets_per_frame));
            // 50 pieces of sound for 30 frames.
            for _ in 0..(frame + 1) * 5 / 3 - frame * 5 / 3 {
                let len = write(&viewer.sealer, &mut out, &SOUND, 2, viewer.sound_index);
                viewer.sound_index += 1;
                packets += 1;
                sends += 1;
                sink.send(&out[..len], None);
            }
        }
    }
    Cost {
        packets,
        sends,
        cpu: thread_cpu() - start,
        allocations: allocations::count() - allocated,
    }
}

fn write(sealer: &Sealer, out: &mut [u8], payload: &[u8], ssrc: u32, index: u64) -> usize {
    let [.., high, low] = index.to_be_bytes();
    out[..4].copy_from_slice(&[0x90, 96, high, low]);
    out[4..8].copy_from_slice(&(index as u32).to_be_bytes());
    out[8..12].copy_from_slice(&ssrc.to_be_bytes());
    out[12..HEADER].copy_from_slice(&[0xBE, 0xDE, 0, 1, 0x31, high, low, 0]);
    sealer
        .seal_rtp(out, HEADER, payload, &[], ssrc, index)
        .expect("the buffer is large enough")
}
