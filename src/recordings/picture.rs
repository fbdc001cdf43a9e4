//! Pictures: one from a key frame of a recording, one from a file that somebody has given; and JPEG of them. H.264 is
//! decoded here, other codecs by ffmpeg where the machine has it.

use std::io::Cursor;
use std::time::Duration;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, thumbnail};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use lectern_media::record::{fragments, sample_entry};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use shiguredo_mp4::boxes::{Avc1Box, SampleEntry};

use super::ffmpeg::{Bounds, Ffmpeg, FfmpegError};

/// Widths and heights of what somebody gives, in pixels.
const MOST_PIXELS_A_SIDE: u32 = 10_000;
/// Memory for decoding what somebody gives: a picture of 40 megapixels.
const MOST_DECODED_BYTES: u64 = 160 << 20;

/// ffmpeg decodes one frame in a fraction of this, also on a busy machine.
const FFMPEG_TIME: Duration = Duration::from_secs(20);

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// A picture whose brightness varies less than this (of 255) shows nothing: black, a covered camera, a blank slide.
const LEAST_DEVIATION: f64 = 6.0;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Its codec needs ffmpeg, which is not there.
    #[error("pictures of this codec need ffmpeg")]
    NeedsFfmpeg,
    /// What it is made from is not what it should be.
    #[error("it is no picture that can be read: {0}")]
    Unreadable(String),
    /// It is larger than anything that makes sense.
    #[error("it has more than {MOST_PIXELS_A_SIDE} pixels a side, or needs too much memory")]
    TooLarge,
    /// ffmpeg's own.
    #[error(transparent)]
    Ffmpeg(#[from] FfmpegError),
}

/// The picture at the beginning of a media segment, no larger than `fit`. Takes some 20 ms of a core; longer with ffmpeg.
///
/// # Errors
/// See [`PictureError`].
pub async fn of_segment(
    ffmpeg: Option<&Ffmpeg>,
    init: Vec<u8>,
    segment: Vec<u8>,
    fit: (u32, u32),
) -> Result<RgbImage, PictureError> {
    let entry = sample_entry(&init).ok_or(unreadable("no init segment"))?;
    let first = fragments(&segment)
        .into_iter()
        .next()
        .ok_or(unreadable("no fragment"))?;
    match entry {
        SampleEntry::Avc1(avc1) => {
            let frame = first.first_sample(&segment).ok_or(unreadable("no frame"))?;
            let stream = annex_b(&avc1, frame).ok_or(unreadable("torn frame"))?;
            let work = move || decode_h264(&stream).map(|picture| shrink(picture, fit));
            let decoded = tokio::task::spawn_blocking(work).await;
            decoded.map_err(|error| PictureError::Unreadable(error.to_string()))?
        }
        entry => {
            let ffmpeg = ffmpeg.ok_or(PictureError::NeedsFfmpeg)?;
            let (width, height) = size_of(&entry).ok_or(unreadable("no size"))?;
            let (width, height) = scaled((width, height), fit);
            let mut input = init;
            input.extend_from_slice(segment.get(..first.data.end).unwrap_or_default());
            let scale = format!("scale={width}:{height}");
            #[rustfmt::skip] // pairs
            let arguments = [
                "-f", "mp4", "-threads", "1", "-i", "pipe:0", "-frames:v", "1", "-an", "-vf", &scale,
                "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
            ];
            let output_bytes = usize::try_from(width * height * 3).unwrap_or(0);
            let bounds = Bounds {
                time: FFMPEG_TIME,
                output_bytes,
            };
            let pixels = ffmpeg.run(&arguments, input, bounds).await?;
            RgbImage::from_raw(width, height, pixels).ok_or(unreadable("less than a frame"))
        }
    }
}

/// A picture that somebody gives, upright, no larger than `fit`. Only PNG, JPEG and WebP, by what is in the file.
///
/// # Errors
/// See [`PictureError`].
pub fn of_upload(bytes: &[u8], fit: (u32, u32)) -> Result<RgbImage, PictureError> {
    let format = image::guess_format(bytes).map_err(|_| unreadable("neither PNG, JPEG nor WebP"))?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return Err(unreadable("neither PNG, JPEG nor WebP"));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS_A_SIDE);
    limits.max_image_height = Some(MOST_PIXELS_A_SIDE);
    limits.max_alloc = Some(MOST_DECODED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    if decoder.total_bytes() > MOST_DECODED_BYTES {
        return Err(PictureError::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    let (width, height) = scaled((picture.width(), picture.height()), fit);
    Ok(picture.resize_exact(width, height, FilterType::Triangle).into_rgb8())
}

/// Whether a picture shows nothing.
#[must_use]
pub fn is_blank(picture: &RgbImage) -> bool {
    let luma = |pixel: &image::Rgb<u8>| {
        let [r, g, b] = pixel.0.map(f64::from);
        0.299 * r + 0.587 * g + 0.114 * b
    };
    let count = f64::from(picture.width()) * f64::from(picture.height());
    let mean = picture.pixels().map(luma).sum::<f64>() / count;
    let variance = picture.pixels().map(|pixel| (luma(pixel) - mean).powi(2)).sum::<f64>() / count;
    variance.sqrt() < LEAST_DEVIATION
}

/// A picture as JPEG, with nothing else in the file.
///
/// # Panics
/// Never: writing to memory succeeds.
#[must_use]
pub fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .expect("a picture of this size is written to memory");
    bytes
}

/// The largest size of the same shape that fits; never larger than it is.
fn scaled((width, height): (u32, u32), fit: (u32, u32)) -> (u32, u32) {
    let (width, height) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let (most_width, most_height) = (u64::from(fit.0).min(width), u64::from(fit.1).min(height));
    let (by_width, by_height) = (
        (most_width, most_width * height / width),
        (most_height * width / height, most_height),
    );
    let (width, height) = if by_width.1 <= most_height { by_width } else { by_height };
    let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(2);
    (narrow(width), narrow(height))
}

fn shrink(picture: RgbImage, fit: (u32, u32)) -> RgbImage {
    let (width, height) = scaled(picture.dimensions(), fit);
    thumbnail(&picture, width, height)
}

/// A frame with its parameter sets, as a decoder takes it: each NAL unit behind a start code instead of its length.
fn annex_b(avc1: &Avc1Box, frame: &[u8]) -> Option<Vec<u8>> {
    let mut stream = Vec::with_capacity(frame.len() + 256);
    for set in avc1.avcc_box.sps_list.iter().chain(&avc1.avcc_box.pps_list) {
        stream.extend(START_CODE);
        stream.extend_from_slice(set);
    }
    let mut rest = frame;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (nal, after) = after.split_at_checked(length)?;
        stream.extend(START_CODE);
        stream.extend_from_slice(nal);
        rest = after;
    }
    Some(stream)
}

fn decode_h264(stream: &[u8]) -> Result<RgbImage, PictureError> {
    let failed = |error: openh264::Error| PictureError::Unreadable(error.to_string());
    let mut decoder = Decoder::new().map_err(failed)?;
    if let Some(frame) = decoder.decode(stream).map_err(failed)? {
        return to_rgb(&frame);
    }
    let frames = decoder.flush_remaining().map_err(failed)?;
    frames.first().map_or(Err(unreadable("no frame")), to_rgb)
}

fn to_rgb(frame: &openh264::decoder::DecodedYUV<'_>) -> Result<RgbImage, PictureError> {
    let (width, height) = frame.dimensions();
    let mut pixels = vec![0; width * height * 3];
    frame.write_rgb8(&mut pixels);
    let side = |n: usize| u32::try_from(n).unwrap_or(0);
    RgbImage::from_raw(side(width), side(height), pixels).ok_or(unreadable("no size"))
}

fn size_of(entry: &SampleEntry) -> Option<(u32, u32)> {
    let visual = match entry {
        SampleEntry::Avc1(entry) => &entry.visual,
        SampleEntry::Hev1(entry) => &entry.visual,
        SampleEntry::Hvc1(entry) => &entry.visual,
        SampleEntry::Vp09(entry) => &entry.visual,
        SampleEntry::Av01(entry) => &entry.visual,
        _ => return None,
    };
    Some((visual.width.into(), visual.height.into()))
}

fn unreadable(what: &str) -> PictureError {
    PictureError::Unreadable(what.to_owned())
}

fn refused(error: image::ImageError) -> PictureError {
    match error {
        image::ImageError::Limits(_) => PictureError::TooLarge,
        error => PictureError::Unreadable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn checkered(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            Rgb([if (x / 8 + y / 8) % 2 == 0 { 255 } else { 0 }; 3])
        })
    }

    fn png(picture: &RgbImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_keep_their_shape() {
        let cases = [
            ((1920, 1080), (640, 360), (640, 360)),
            ((1080, 1920), (640, 360), (202, 360)),
            ((320, 240), (640, 360), (320, 240)),
            ((4000, 10), (640, 360), (640, 2)),
        ];
        for (size, fit, want) in cases {
            assert_eq!(scaled(size, fit), want, "{size:?}");
        }
    }

    #[test]
    fn blank_pictures_are_known() {
        assert!(is_blank(&RgbImage::from_pixel(64, 36, Rgb([3, 3, 3]))), "black");
        assert!(is_blank(&RgbImage::from_pixel(64, 36, Rgb([250, 250, 250]))), "white");
        let noise = RgbImage::from_fn(64, 36, |x, y| Rgb([u8::try_from((x * 7 + y * 13) % 5).unwrap(); 3]));
        assert!(is_blank(&noise), "a covered camera");
        assert!(!is_blank(&checkered(64, 36)));
    }

    #[test]
    fn what_somebody_gives_is_read_by_its_content_and_made_anew() {
        let picture = of_upload(&png(&checkered(2000, 1000)), (1280, 720)).unwrap();
        assert_eq!(picture.dimensions(), (1280, 640));
        let made = jpeg(&picture, 80);
        assert_eq!(image::guess_format(&made).unwrap(), ImageFormat::Jpeg);
        assert_eq!(of_upload(&made, (640, 360)).unwrap().dimensions(), (640, 320));
        for bad in [
            &b""[..],
            b"GIF89a",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\x89PNG\r\n\x1a\nrubbish",
        ] {
            assert!(
                matches!(of_upload(bad, (640, 360)), Err(PictureError::Unreadable(_))),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_picture_that_would_fill_the_memory_is_refused() {
        // the header of a PNG of 60,000 by 60,000 pixels, with its check sum
        let mut bomb = png(&checkered(8, 8));
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let sum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(matches!(of_upload(&bomb, (640, 360)), Err(PictureError::TooLarge)));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                if sum & 1 == 1 {
                    (sum >> 1) ^ 0xedb8_8320
                } else {
                    sum >> 1
                }
            })
        })
    }
}
