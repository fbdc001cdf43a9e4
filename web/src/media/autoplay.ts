/** Starting a video under the browsers' autoplay rules. */

/** `sound`: as wanted; `muted`: only without sound; `refused`: not at all, until the person presses play. */
export type PlayOutcome = "sound" | "muted" | "refused";

/** Plays with sound if the browser allows it, and silently otherwise. */
export async function playAsAllowed(video: HTMLVideoElement): Promise<PlayOutcome> {
  try {
    await video.play();
    return "sound";
  } catch (error) {
    // Anything else means that the source went away meanwhile; whoever changed it plays the next one.
    if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return "sound";
  }
  if (video.muted) return "refused";
  video.muted = true;
  try {
    await video.play();
    return "muted";
  } catch {
    return "refused";
  }
}
