/** Several sounds as one track, for a microphone beside the sound of a shared window. */

/** Mixes until it is closed. */
export interface Mixer {
  readonly track: MediaStreamTrack;
  close(): void;
}

/** Mixes `tracks` at their own loudness. They stay the caller's; null where nothing is to be mixed. */
export function mix(tracks: MediaStreamTrack[]): Mixer | null {
  if (tracks.length === 0) return null;
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  for (const track of tracks) context.createMediaStreamSource(new MediaStream([track])).connect(output);
  const [track] = output.stream.getAudioTracks();
  if (!track) return null;
  void context.resume();
  return {
    track,
    close() {
      track.stop();
      void context.close();
    },
  };
}
