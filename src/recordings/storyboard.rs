//! Small pictures for the time line of a replay: sheets of them as JPEG, and a WebVTT file that says which part of which
//! sheet shows which moment. Times are those of a player that plays the replay from its beginning.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use image::RgbImage;
use image::imageops::replace;
use lectern_media::codec::Kind;
use lectern_media::record::{Catalogue, Segment, positions};

use super::picture::{self, PictureError};
use super::thumbnail;
use crate::App;

/// The file that a player reads. In it, sheets are named without a folder.
pub const INDEX: &str = "storyboard.vtt";

/// One picture.
const TILE: (u32, u32) = (160, 90);
/// Pictures beside one another on a sheet, and below one another.
const COLUMNS: usize = 10;
/// See [`COLUMNS`].
const ROWS: usize = 10;
const QUALITY: u8 = 70;

/// Two pictures are at least this far apart.
const LEAST_STEP_US: i64 = 5_000_000;
/// Of a long class there are at most so many.
const MOST_TILES: i64 = 300;

/// Makes the pictures of a recording in its folder; `false`: there is nothing to make them from.
///
/// # Errors
/// The disk's; pictures that cannot be decoded.
pub async fn make(app: &App, folder: &Path, catalogue: &Catalogue) -> Result<bool> {
    let moments = moments(catalogue);
    let mut sheet = Sheet::new(moments.len());
    let mut sheets = 0;
    let mut index = String::from("WEBVTT\n");
    for (number, moment) in moments.iter().enumerate() {
        let read = async |name: &str| tokio::fs::read(folder.join(name)).await.context("a segment is gone");
        let init = catalogue.init(&moment.segment.rendition, moment.segment.part);
        let init = read(init.context("a segment without its beginning")?.file.as_str()).await?;
        let media = read(moment.segment.file.as_str()).await?;
        match thumbnail::of_segment(app, init, media, TILE).await {
            Ok(tile) => sheet.add(&tile),
            Err(PictureError::NeedsFfmpeg) => return Ok(false),
            Err(error) if number == 0 => return Err(error.into()),
            Err(_) => sheet.repeat(),
        }
        let (x, y) = sheet.last_place();
        let (from, to) = (clock(moment.from_us), clock(moment.to_us));
        let (width, height) = TILE;
        write!(
            index,
            "\n{from} --> {to}\nstoryboard-{sheets}.jpg#xywh={x},{y},{width},{height}\n"
        )?;
        if sheet.is_full() || number + 1 == moments.len() {
            let jpeg = picture::jpeg(&sheet.picture, QUALITY);
            tokio::fs::write(folder.join(format!("storyboard-{sheets}.jpg")), jpeg).await?;
            sheets += 1;
            sheet = Sheet::new(moments.len() - number - 1);
        }
    }
    if !moments.is_empty() {
        tokio::fs::write(folder.join(INDEX), index).await?;
    }
    Ok(!moments.is_empty())
}

/// The index as a player gets it: with sheets at addresses between `prefix` and `query`.
#[must_use]
pub fn addressed(index: &str, prefix: &str, query: &str) -> String {
    let mut text = String::with_capacity(index.len() * 2);
    for line in index.lines() {
        match line.split_once(".jpg#") {
            Some((sheet, place)) => {
                // writing to a string succeeds
                let _ = write!(text, "{prefix}{sheet}.jpg{query}#{place}");
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

struct Moment<'a> {
    segment: &'a Segment,
    from_us: i64,
    to_us: i64,
}

/// Segments that begin with a key frame, far enough from one another, of the smallest pictures that are always there.
fn moments(catalogue: &Catalogue) -> Vec<Moment<'_>> {
    let count = |name: &str| catalogue.segments().iter().filter(|s| s.rendition == name).count();
    let pictures = catalogue.inits().iter().filter(|init| init.kind == Kind::Video);
    let area = |init: &lectern_media::record::Init| u32::from(init.width) * u32::from(init.height);
    let best = pictures.max_by_key(|init| (count(&init.rendition), std::cmp::Reverse(area(init))));
    let Some(rendition) = best.map(|init| init.rendition.as_str()) else {
        return Vec::new();
    };
    let positions = positions(catalogue, rendition);
    let end_us = positions.last().map_or(0, |(_, at, length)| at + length);
    let step_us = (end_us / MOST_TILES).max(LEAST_STEP_US);
    let mut moments: Vec<Moment<'_>> = Vec::new();
    for (index, at_us, _) in positions {
        let Some(segment) = catalogue.segments().get(index).filter(|segment| segment.key) else {
            continue;
        };
        match moments.last_mut() {
            Some(last) if at_us - last.from_us < step_us => continue,
            Some(last) => last.to_us = at_us,
            None => {}
        }
        moments.push(Moment {
            segment,
            from_us: if moments.is_empty() { 0 } else { at_us },
            to_us: end_us,
        });
    }
    moments
}

/// A sheet that is being filled.
struct Sheet {
    picture: RgbImage,
    filled: usize,
}

impl Sheet {
    /// With room for so many pictures, or a full sheet of them.
    fn new(wanted: usize) -> Sheet {
        let wanted = wanted.clamp(1, COLUMNS * ROWS);
        let side = |count: usize, pixels: u32| u32::try_from(count).unwrap_or(1) * pixels;
        let size = (
            side(wanted.min(COLUMNS), TILE.0),
            side(wanted.div_ceil(COLUMNS), TILE.1),
        );
        Sheet {
            picture: RgbImage::new(size.0, size.1),
            filled: 0,
        }
    }

    /// A picture of another shape stands in the middle of its place.
    fn add(&mut self, tile: &RgbImage) {
        self.filled += 1;
        let (x, y) = self.last_place();
        let left = x + TILE.0.saturating_sub(tile.width()) / 2;
        let top = y + TILE.1.saturating_sub(tile.height()) / 2;
        replace(&mut self.picture, tile, left.into(), top.into());
    }

    /// The picture before stands for one that cannot be read.
    fn repeat(&mut self) {
        if self.filled == 0 {
            self.filled = 1; // the first of a sheet stays black
            return;
        }
        let (x, y) = self.last_place();
        let tile = image::imageops::crop_imm(&self.picture, x, y, TILE.0, TILE.1).to_image();
        self.add(&tile);
    }

    fn is_full(&self) -> bool {
        self.filled == COLUMNS * ROWS
    }

    fn last_place(&self) -> (u32, u32) {
        let at = self.filled.saturating_sub(1);
        let place = |n: usize, pixels: u32| u32::try_from(n).unwrap_or(0) * pixels;
        (place(at % COLUMNS, TILE.0), place(at / COLUMNS, TILE.1))
    }
}

/// As WebVTT writes a time.
fn clock(us: i64) -> String {
    let ms = us / 1000;
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_webvtt() {
        assert_eq!(clock(0), "00:00:00.000");
        assert_eq!(clock(10_812_345_678), "03:00:12.345");
    }

    #[test]
    fn sheets_get_addresses_and_nothing_else_does() {
        let index = "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nstoryboard-0.jpg#xywh=0,0,160,90\n";
        let want = "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\n/m/storyboard-0.jpg?v=x#xywh=0,0,160,90\n";
        assert_eq!(addressed(index, "/m/", "?v=x"), want);
    }

    #[test]
    fn a_sheet_has_ten_a_row_and_is_no_larger_than_it_must_be() {
        let mut sheet = Sheet::new(12);
        assert_eq!(sheet.picture.dimensions(), (1600, 180));
        for _ in 0..12 {
            sheet.add(&RgbImage::from_pixel(160, 90, image::Rgb([200; 3])));
        }
        assert_eq!(sheet.last_place(), (160, 90));
        assert_eq!(sheet.picture.get_pixel(300, 150).0, [200; 3]);
        assert_eq!(Sheet::new(1000).picture.dimensions(), (1600, 900));
    }
}
