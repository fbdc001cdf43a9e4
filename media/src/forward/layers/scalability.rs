//! Which parts of an encoding a packet belongs to: told by the dependency descriptor where the publisher sends it, else
//! by the payload descriptors of VP8 and VP9.

use super::{Belonging, Sizes};
use crate::codec::{Codec, Layer, vp8, vp9};
use crate::forward::point::Point;
use crate::wire::dependency::Dependency;
use smallvec::SmallVec;

/// Layers beyond these are not told apart: three spatial times three temporal ones, as browsers send at most.
const MAX_TOP: Layer = Layer {
    spatial: 2,
    temporal: 2,
};

/// The parts that a packet has to do with.
pub type Parts = SmallVec<[Belonging; 9]>;

/// What is known of an encoding's layers.
#[derive(Clone, Debug, Default)]
pub struct Scalability {
    /// The highest layers; `None` where there are none inside.
    pub top: Option<Layer>,
    /// See [`super::Shape::is_nested`].
    pub is_nested: bool,
    /// Width and height of each spatial layer, where the publisher says so.
    pub sizes: Sizes,
    /// Descriptors have told what is above.
    is_described: bool,
    highest_temporal: u8,
}

/// A packet as far as this is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Scalable<'a> {
    /// What it is coded in.
    pub codec: Codec,
    /// The RTP payload.
    pub payload: &'a [u8],
    /// What its header says, where the publisher says anything.
    pub dependency: Option<&'a Dependency>,
    /// See [`crate::forward::batch::PacketMeta::starts_key_frame`].
    pub starts_key_frame: bool,
}

impl Scalability {
    /// The parts of the encoding that exist, and how a packet belongs to them; and whether those on lower layers can go
    /// over to the whole encoding here.
    pub fn parts(&mut self, packet: &Scalable<'_>) -> (Parts, bool) {
        if let Some(dependency) = packet.dependency {
            return (self.by_descriptor(dependency), is_base(dependency, self.top));
        }
        match packet.codec {
            Codec::Vp8 => self.by_vp8(packet),
            Codec::Vp9 => (self.by_vp9(packet), false),
            _ => (Parts::new(), false),
        }
    }

    fn by_descriptor(&mut self, dependency: &Dependency) -> Parts {
        let structure = &dependency.structure;
        if !self.is_described || dependency.brings_structure() {
            self.is_described = true;
            let spatial = structure.targets.iter().map(|target| target.spatial).max().unwrap_or(0);
            let temporal = structure
                .targets
                .iter()
                .map(|target| target.temporal)
                .max()
                .unwrap_or(0);
            let top = Layer { spatial, temporal };
            self.top = (spatial > 0 || temporal > 0).then_some(top);
            self.is_nested = !structure.leaves_out_lower();
            self.sizes = structure.sizes.iter().copied().collect();
        }
        let is_part = |target: &Layer| Some(*target) != self.top || !self.is_nested;
        let targets = structure
            .targets
            .iter()
            .enumerate()
            .filter(|(_, target)| is_part(target));
        let within = targets.filter(|(_, target)| {
            self.top.is_some() && target.spatial <= MAX_TOP.spatial && target.temporal <= MAX_TOP.temporal
        });
        within
            .map(|(bit, target)| {
                let belongs = dependency.present >> bit & 1 == 1;
                let is_its_own = dependency.layer.spatial == target.spatial;
                let switches = dependency.switches >> bit & 1 == 1 && dependency.layer.temporal == 0;
                Belonging {
                    point: Point::up_to(*target),
                    belongs,
                    ends_picture: belongs && is_its_own && dependency.ends_frame,
                    switches_up: belongs && is_its_own && switches,
                }
            })
            .collect()
    }

    /// Only the lowest temporal layer is a part: receivers want the picture ids of what they get in between without a
    /// hole as soon as there is more than that, and those are written once for all viewers.
    fn by_vp8(&mut self, packet: &Scalable<'_>) -> (Parts, bool) {
        let Ok((descriptor, _)) = vp8::parse(packet.payload) else {
            return (Parts::new(), false);
        };
        if packet.starts_key_frame {
            let temporal = self.highest_temporal.clamp(1, MAX_TOP.temporal);
            self.top = descriptor.has_layers.then_some(Layer { spatial: 0, temporal });
        }
        self.highest_temporal = self.highest_temporal.max(descriptor.temporal);
        let Some(top) = self.top else {
            return (Parts::new(), false);
        };
        let belongs = descriptor.temporal == 0;
        let part = Belonging {
            point: Point::up_to(Layer {
                spatial: 0,
                temporal: 0,
            }),
            belongs,
            ends_picture: false,
            switches_up: false,
        };
        let is_highest = descriptor.temporal >= self.highest_temporal.min(top.temporal).max(1);
        let switches_up = descriptor.is_sync && descriptor.starts_frame && is_highest;
        (SmallVec::from_iter([part]), switches_up)
    }

    fn by_vp9(&mut self, packet: &Scalable<'_>) -> Parts {
        let Ok((descriptor, _)) = vp9::parse(packet.payload) else {
            return Parts::new();
        };
        if packet.starts_key_frame {
            if let Some(layers) = descriptor.spatial_layers {
                let spatial = (layers - 1).min(MAX_TOP.spatial);
                let temporal = self.highest_temporal.min(MAX_TOP.temporal);
                self.top = (spatial > 0 || temporal > 0).then_some(Layer { spatial, temporal });
            }
            self.is_nested = true;
        }
        self.highest_temporal = self.highest_temporal.max(descriptor.temporal);
        let Some(top) = self.top else { return Parts::new() };
        let all =
            (0..=top.spatial).flat_map(|spatial| (0..=top.temporal).map(move |temporal| Layer { spatial, temporal }));
        all.filter(|point| *point != top)
            .map(|point| {
                let belongs = descriptor.spatial <= point.spatial && descriptor.temporal <= point.temporal;
                let is_its_own = descriptor.spatial == point.spatial;
                Belonging {
                    point: Point::up_to(point),
                    belongs,
                    ends_picture: belongs && is_its_own && descriptor.ends_frame,
                    switches_up: belongs && is_its_own && descriptor.temporal == 0 && descriptor.switches_up,
                }
            })
            .collect()
    }
}

/// A frame of the lowest temporal layer from which on the whole can be decoded.
fn is_base(dependency: &Dependency, top: Option<Layer>) -> bool {
    let whole = dependency
        .structure
        .targets
        .iter()
        .position(|target| Some(*target) == top);
    whole.is_some_and(|bit| dependency.switches >> bit & 1 == 1) && dependency.layer.temporal == 0
}
