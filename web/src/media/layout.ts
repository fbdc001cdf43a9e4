/** Where screen and camera stand in a composed picture. */

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

/** A part of a picture, in pixels. */
export interface Area extends Size {
  x: number;
  y: number;
}

/** The camera's share of the picture's width. */
const CAMERA_SHARE = 0.22;
const MARGIN_SHARE = 0.015;

/** The largest size of this shape within `most`, even in both directions as encoders want it; never larger than it is. */
export function within(size: Size, most: Size): Size {
  const scale = Math.min(1, most.width / size.width, most.height / size.height);
  const even = (value: number) => Math.max(2, Math.round((value * scale) / 2) * 2);
  return { width: even(size.width), height: even(size.height) };
}

/** `inner` as large as it fits into the middle of `outer`. */
export function centred(inner: Size, outer: Size): Area {
  const scale = Math.min(outer.width / inner.width, outer.height / inner.height);
  const width = inner.width * scale;
  const height = inner.height * scale;
  return { x: (outer.width - width) / 2, y: (outer.height - height) / 2, width, height };
}

/** The corner at the bottom right where a camera of this shape is laid over the picture. */
export function corner(camera: Size, picture: Size): Area {
  const width = picture.width * CAMERA_SHARE;
  const height = (width * camera.height) / camera.width;
  const margin = picture.width * MARGIN_SHARE;
  return { x: picture.width - width - margin, y: picture.height - height - margin, width, height };
}
