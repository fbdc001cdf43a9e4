//! The layers of a stream's picture: each is a track with a line and a history of its own.
//!
//! A simulcast encoding is a layer, and so is each part of an encoding that a viewer may get instead of all of it (see
//! [`super::point`]). The parts share the encoding's batches.

pub mod picture_id;
pub mod scalability;

use super::batch::{Batch, PacketMeta};
use super::point::{Point, Renumber};
use super::received::Received;
use super::track::line::Place;
use super::track::{SenderClock, Track};
use crate::codec::{self, Codec, Kind};
use crate::id::TrackId;
use crate::wire::dependency::Dependency;
use picture_id::{Newest, PictureIds};
use scalability::{Scalability, Scalable};
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Simulcast encodings of one publisher; OBS offers up to four.
pub const MAX_ENCODINGS: usize = 4;

/// Width and height of each spatial layer, the smallest first.
pub type Sizes = SmallVec<[(u16, u16); 4]>;

/// Layers of a stream, so that a publisher cannot make them without end.
const MAX_LAYERS: usize = 24;

/// Picture ids are within the first bytes of a payload.
const HEAD_BYTES: usize = 8;

/// A layer that has sent nothing for this long, while another of the same publisher has, is suspended.
const SUSPENDED: Duration = Duration::from_millis(400);

/// A layer's place in its stream's list; layers are never taken out of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct LayerId(pub u8);

/// What a viewer can be sent of a stream's picture: a simulcast encoding, or a part of one (an operating point).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LayerInfo {
    /// The publisher's name for the encoding (its rid, RFC 8851); empty for the only one.
    pub encoding_id: String,
    /// The highest spatial layer in it, counted from 0; `None` where the encoding has no layers of its own.
    pub spatial: Option<u8>,
    /// The highest temporal layer in it, counted from 0; `None` where the encoding has no layers of its own.
    pub temporal: Option<u8>,
    /// Pixels; `None` where that is not known.
    pub width: Option<u16>,
    /// Pixels; `None` where that is not known.
    pub height: Option<u16>,
    /// Bits a second over the last two seconds, without headers; 0 while it is not active.
    pub bitrate_bps: u64,
    /// Whether its publisher sends it at present.
    pub is_active: bool,
}

/// One of them.
pub struct Layer {
    /// Which of the publisher's encodings, in the order of its offer.
    pub encoding: u8,
    /// Which of the encoding's packets.
    pub point: Point,
    /// Its line and history.
    pub track: Track,
    /// What is in it, as far as that is known; of a part only the size.
    pub shape: Shape,
    scalability: Scalability,
    ids: PictureIds,
    has_new_shape: bool,
    /// Of a part, where the publisher is here: its numbers.
    renumber: Option<Renumber>,
}

/// What is in an encoding.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shape {
    /// Width and height in pixels, where known.
    pub size: Option<(u16, u16)>,
    /// The highest layers in it, where it has any.
    pub top: Option<codec::Layer>,
    /// Every picture of a spatial layer goes with those of the layers below, so that one may go down at any picture.
    pub is_nested: bool,
    /// The sizes of its spatial layers, where known.
    pub sizes: Sizes,
}

/// See the module.
pub struct Layers {
    layers: Vec<Layer>,
    names: SmallVec<[Arc<str>; MAX_ENCODINGS]>,
    max_packets: usize,
}

/// How a packet belongs to one part of its encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Belonging {
    /// Which part.
    pub point: Point,
    /// Whether the part has the packet.
    pub belongs: bool,
    /// It is the last of the part's picture.
    pub ends_picture: bool,
    /// See [`PacketMeta::switches_up`].
    pub switches_up: bool,
}

impl Layers {
    /// One encoding without a name, which has sent nothing.
    pub fn new(max_packets: usize) -> Layers {
        let mut layers = Layers {
            layers: Vec::new(),
            names: SmallVec::new(),
            max_packets,
        };
        layers.names.push(Arc::from(""));
        layers.find_or_add(0, Point::WHOLE);
        layers
    }

    /// The encodings' names from here on, in the publisher's order; none for a publisher without simulcast.
    pub fn set_names<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        self.names = names.take(MAX_ENCODINGS).map(Arc::from).collect();
        if self.names.is_empty() {
            self.names.push(Arc::from(""));
        }
    }

    /// Another shard or node says what an encoding is called.
    pub fn set_name(&mut self, encoding: u8, name: &Arc<str>) {
        let at = usize::from(encoding);
        if at < MAX_ENCODINGS {
            let len = self.names.len().max(at + 1);
            self.names.resize(len, Arc::from(""));
            if let Some(old) = self.names.get_mut(at) {
                *old = Arc::clone(name);
            }
        }
    }

    /// What an encoding is called.
    pub fn name(&self, encoding: u8) -> Arc<str> {
        self.names
            .get(usize::from(encoding))
            .cloned()
            .unwrap_or_else(|| Arc::from(""))
    }

    /// All layers with their places.
    pub fn iter(&self) -> impl Iterator<Item = (LayerId, &Layer)> {
        (0..).map(LayerId).zip(&self.layers)
    }

    /// All tracks.
    pub fn tracks_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        self.layers.iter_mut().map(|layer| &mut layer.track)
    }

    /// A layer.
    #[inline]
    pub fn get(&self, id: LayerId) -> Option<&Layer> {
        self.layers.get(usize::from(id.0))
    }

    /// A layer's track.
    #[inline]
    pub fn track(&self, id: LayerId) -> Option<&Track> {
        self.get(id).map(|layer| &layer.track)
    }

    /// A layer's track.
    #[inline]
    pub fn track_mut(&mut self, id: LayerId) -> Option<&mut Track> {
        self.layers.get_mut(usize::from(id.0)).map(|layer| &mut layer.track)
    }

    /// Where a layer is in the list.
    pub fn find(&self, encoding: u8, point: Point) -> Option<LayerId> {
        self.iter()
            .find(|(_, layer)| layer.encoding == encoding && layer.point == point)
            .map(|(id, _)| id)
    }

    /// An encoding as it comes; it is made when it is not there. `None` beyond [`MAX_ENCODINGS`].
    pub fn encoding_mut(&mut self, encoding: u8) -> Option<&mut Layer> {
        if usize::from(encoding) >= MAX_ENCODINGS {
            return None;
        }
        let id = self.find_or_add(encoding, Point::WHOLE)?;
        self.layers.get_mut(usize::from(id.0))
    }

    /// The track of an encoding.
    pub fn track_id(encoding: u8) -> TrackId {
        TrackId(encoding + 1)
    }

    /// Whether any layer has late packets; see [`Track::late`].
    pub fn has_late(&self) -> bool {
        self.layers.iter().any(|layer| !layer.track.late().is_empty())
    }

    /// The encoding of a track; `None` for the sound.
    pub fn encoding_of(track: TrackId) -> Option<u8> {
        track.0.checked_sub(1)
    }

    /// All layers of an encoding.
    pub fn of_encoding_mut(&mut self, encoding: u8) -> impl Iterator<Item = &mut Layer> {
        self.layers.iter_mut().filter(move |layer| layer.encoding == encoding)
    }

    fn find_or_add(&mut self, encoding: u8, point: Point) -> Option<LayerId> {
        if let Some(id) = self.find(encoding, point) {
            return Some(id);
        }
        if self.layers.len() >= MAX_LAYERS {
            return None;
        }
        let id = LayerId(u8::try_from(self.layers.len()).ok()?);
        let mut track = Track::new(Kind::Video, self.max_packets);
        track.id = Layers::track_id(encoding);
        if let Some(whole) = self.whole(encoding).map(|whole| &whole.track) {
            (track.parameters, track.clock) = (whole.parameters, whole.clock);
            track.waits_for_key_frame = false;
        }
        self.layers.push(Layer {
            encoding,
            point,
            track,
            shape: self.shape_of_part(encoding, point),
            scalability: Scalability::default(),
            ids: PictureIds::default(),
            has_new_shape: false,
            renumber: None,
        });
        Some(id)
    }

    fn whole(&self, encoding: u8) -> Option<&Layer> {
        self.find(encoding, Point::WHOLE).and_then(|id| self.get(id))
    }

    fn shape_of_part(&self, encoding: u8, point: Point) -> Shape {
        let sizes = self.whole(encoding).map(|whole| &whole.shape.sizes);
        Shape {
            size: sizes.and_then(|sizes| sizes.get(usize::from(point.spatial())).copied()),
            ..Shape::default()
        }
    }

    /// Notes what a key frame says of its encoding's size and layers.
    fn note_shape(&mut self, encoding: u8, size: Option<(u16, u16)>) {
        let Some(whole) = self.encoding_mut(encoding) else {
            return;
        };
        let Scalability {
            top, is_nested, sizes, ..
        } = &whole.scalability;
        let shape = Shape {
            size: sizes.last().copied().or(size).or(whole.shape.size),
            top: *top,
            is_nested: *is_nested,
            sizes: sizes.clone(),
        };
        whole.has_new_shape |= whole.shape != shape;
        self.set_shape(encoding, shape);
    }

    /// What is in an encoding is known, or has changed.
    pub fn set_shape(&mut self, encoding: u8, shape: Shape) {
        if let Some(whole) = self.encoding_mut(encoding) {
            whole.shape = shape;
        }
        for at in 0..self.layers.len() {
            let part = self.layers.get(at).map(|layer| (layer.encoding, layer.point));
            let Some((_, point)) = part.filter(|part| part.0 == encoding && part.1 != Point::WHOLE) else {
                continue;
            };
            let shape = self.shape_of_part(encoding, point);
            if let Some(layer) = self.layers.get_mut(at) {
                layer.shape = shape;
            }
        }
    }

    /// Adds a packet that arrived to its encoding and to the parts that it belongs to. True when it should be forwarded
    /// now; see [`Track::push`].
    pub fn push(&mut self, received: &Received<'_>, mut meta: PacketMeta) -> bool {
        let encoding = received.encoding;
        let others = self
            .layers
            .iter()
            .filter(|layer| layer.point == Point::WHOLE && layer.encoding != encoding)
            .fold(Newest::default(), |newest, layer| layer.ids.newest(newest));
        let Some(whole) = self.encoding_mut(encoding) else {
            return false;
        };
        let codec = received.parameters.codec;
        let (parts, switches_up) = whole.scalability.parts(&Scalable {
            codec,
            payload: received.payload,
            dependency: received.dependency.as_ref(),
            starts_key_frame: meta.starts_key_frame,
        });
        let mut dependency = received.dependency.clone().filter(|_| codec == Codec::Av1);
        if let Some(dependency) = &mut dependency {
            whole
                .ids
                .rewrite_descriptor(meta.starts_key_frame, others, &mut dependency.bytes);
        }
        let mut head = [0; HEAD_BYTES];
        let head_len = received.payload.len().min(HEAD_BYTES);
        let head = head.get_mut(..head_len).unwrap_or_default();
        head.copy_from_slice(received.payload.get(..head_len).unwrap_or_default());
        whole.ids.rewrite(codec, meta.starts_key_frame, others, head);
        meta.switches_up = switches_up;
        let must_flush = whole.track.push(meta, received.payload);
        if let Some(payload) = whole
            .track
            .last_payload_mut()
            .and_then(|payload| payload.get_mut(..head_len))
        {
            payload.copy_from_slice(head);
        }
        if let Some(dependency) = &dependency {
            whole.track.describe(&dependency.bytes);
        }
        if meta.starts_key_frame {
            self.note_shape(encoding, codec::picture_size(codec, received.payload));
        }
        self.push_parts(encoding, meta, &parts, dependency.as_ref());
        must_flush
    }

    /// The size and the layers of an encoding if they have changed since this was last asked.
    pub fn take_shape_change(&mut self, encoding: u8) -> Option<Shape> {
        let whole = self.encoding_mut(encoding)?;
        std::mem::take(&mut whole.has_new_shape).then(|| whole.shape.clone())
    }

    fn push_parts(&mut self, encoding: u8, meta: PacketMeta, parts: &[Belonging], dependency: Option<&Dependency>) {
        for part in parts {
            let Some(id) = self.find_or_add(encoding, part.point) else {
                return;
            };
            let Some(layer) = self.layers.get_mut(usize::from(id.0)) else {
                return;
            };
            if layer.renumber.is_none() && !meta.starts_key_frame {
                // A part begins at a key frame.
                continue;
            }
            let next = layer.track.line.next_seq();
            let renumber = layer.renumber.get_or_insert_with(|| Renumber::new(meta.seq, next));
            let Some(seq) = renumber.place(meta.seq, part.belongs) else {
                continue;
            };
            let rtp_time = meta.rtp_time;
            layer.track.line.note(Place { seq, rtp_time }, meta.arrived);
            let placed = PacketMeta {
                seq,
                marker: part.belongs && (meta.marker || part.ends_picture),
                starts_key_frame: meta.starts_key_frame && part.belongs,
                switches_up: part.switches_up,
                ..meta
            };
            if let Some(whole) = self.encoding_mut(encoding) {
                whole.track.push_again(part.point, placed, part.belongs);
                if let Some(dependency) = dependency.filter(|dependency| part.belongs && dependency.brings_structure())
                {
                    whole.track.describe(&dependency.bytes_up_to(part.point.spatial()));
                }
            }
        }
    }

    /// Makes what has gathered of an encoding visible; see [`Track::flush`].
    pub fn flush(&mut self, encoding: u8) -> Option<Arc<Batch>> {
        let batch = self.encoding_mut(encoding)?.track.close()?;
        self.take(encoding, &batch);
        Some(batch)
    }

    /// Takes an encoding's batch into all its layers.
    pub fn take(&mut self, encoding: u8, batch: &Arc<Batch>) {
        let mut last = None;
        for (index, point, packet) in batch.places() {
            let id = match last {
                Some((known, id)) if known == point => id,
                _ => {
                    let Some(id) = self.find_or_add(encoding, point) else {
                        continue;
                    };
                    last = Some((point, id));
                    id
                }
            };
            if let Some(track) = self.track_mut(id) {
                track.take_packet(batch, index, &packet);
            }
        }
    }

    /// How many encodings there are.
    pub fn encodings(&self) -> u8 {
        self.layers.iter().map(|layer| layer.encoding + 1).max().unwrap_or(0)
    }

    /// Another publisher: see [`Track::start_epoch`].
    pub fn start_epoch(&mut self) {
        for layer in &mut self.layers {
            layer.track.start_epoch();
            layer.shape = Shape::default();
        }
    }

    /// The publisher's first packet of an encoding, or its first in another codec: all its layers begin anew.
    pub fn start_encoding(&mut self, encoding: u8, parameters: crate::codec::CodecParameters) {
        for layer in self.of_encoding_mut(encoding) {
            layer.track.start(parameters);
            layer.renumber = None;
            layer.ids.start();
            layer.scalability = Scalability::default();
        }
    }

    /// Takes the publisher's clock for all layers of an encoding.
    pub fn set_clock(&mut self, encoding: u8, clock: SenderClock) {
        self.of_encoding_mut(encoding)
            .for_each(|layer| layer.track.clock = Some(clock));
    }

    /// A viewer of this layer cannot go on without a key frame.
    pub fn want_key_frame(&mut self, id: LayerId) {
        let encoding = self.get(id).map_or(0, |layer| layer.encoding);
        if let Some(whole) = self.encoding_mut(encoding) {
            whole.track.want_key_frame();
        }
    }

    /// The newest timestamp of all layers.
    pub fn newest(&self) -> Option<u64> {
        self.layers.iter().filter_map(|layer| layer.track.line.newest()).max()
    }

    /// See [`super::track::line::Line::due`]; of the layer that was sent last.
    pub fn due(&self) -> Option<(u64, Instant)> {
        self.layers
            .iter()
            .filter_map(|layer| layer.track.line.due())
            .max_by_key(|(_, at)| *at)
    }

    /// Whether the publisher sends a layer at present. While it sends nothing at all, none is active.
    pub fn is_active(&self, layer: &Layer, now: Instant) -> bool {
        let newest = self.layers.iter().filter_map(|layer| layer.track.rate.last()).max();
        layer.track.parameters.is_some()
            && layer.track.rate.is_active(now)
            && layer
                .track
                .rate
                .last()
                .zip(newest)
                .is_some_and(|(last, newest)| newest.saturating_duration_since(last) < SUSPENDED)
    }

    /// What viewers can be sent, best first.
    pub fn infos(&self, now: Instant) -> Vec<(LayerId, LayerInfo)> {
        let has_own_top = |whole: &Layer| {
            let top = whole
                .shape
                .top
                .map(Point::up_to)
                .and_then(|top| self.find(whole.encoding, top));
            top.and_then(|id| self.get(id))
                .is_some_and(|top| self.is_active(top, now))
        };
        let known = self.iter().filter(|(_, layer)| layer.track.parameters.is_some());
        // Where the top leaves out frames of lower layers, nobody needs the whole.
        let known = known.filter(|(_, layer)| layer.point != Point::WHOLE || !has_own_top(layer));
        let mut infos: Vec<(LayerId, LayerInfo)> = known.map(|(id, layer)| (id, self.info(layer, now))).collect();
        infos.sort_by_key(|(id, info)| {
            let encoding = self.get(*id).map_or(0, |layer| layer.encoding);
            let of_encoding = self.whole(encoding);
            let size = |layer: &Layer| {
                layer
                    .shape
                    .size
                    .map(|(width, height)| u32::from(width) * u32::from(height))
            };
            let rank = (
                self.get(*id).and_then(size).or(of_encoding.and_then(size)),
                of_encoding.map(|whole| whole.track.rate.bps(now)),
                info.spatial,
                info.temporal,
            );
            (std::cmp::Reverse(rank), encoding)
        });
        infos
    }

    /// Whether only viewers that take dependency descriptors can play a layer: browsers cannot tell the sizes inside an
    /// AV1 stream apart without.
    pub fn needs_descriptors(&self, id: LayerId) -> bool {
        let Some(layer) = self.get(id) else { return false };
        let has_sizes = self
            .whole(layer.encoding)
            .and_then(|whole| whole.shape.top)
            .is_some_and(|top| top.spatial > 0);
        let is_av1 = layer
            .track
            .parameters
            .is_some_and(|parameters| parameters.codec == Codec::Av1);
        is_av1 && has_sizes && layer.point.top().is_none_or(|top| top.spatial > 0)
    }

    fn info(&self, layer: &Layer, now: Instant) -> LayerInfo {
        let top = layer.point.top().or(layer.shape.top);
        let is_active = self.is_active(layer, now);
        LayerInfo {
            encoding_id: self.name(layer.encoding).to_string(),
            spatial: top.map(|top| top.spatial),
            temporal: top.map(|top| top.temporal),
            width: layer.shape.size.map(|size| size.0),
            height: layer.shape.size.map(|size| size.1),
            bitrate_bps: if is_active { layer.track.rate.bps(now) } else { 0 },
            is_active,
        }
    }
}
