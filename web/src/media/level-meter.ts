/** Measures how loud a microphone is. */

/** The quietest level shown, in dB below full scale. */
const FLOOR_DB = -60;
const EVERY_MS = 50;

/**
 * Tells the level of a stream's sound 20 times a second, from 0 (−60 dB or less) to 1 (full scale). The returned
 * function stops and frees the audio graph. A stream without sound is never told about.
 */
export function watchLevel(stream: MediaStream, onLevel: (level: number) => void): () => void {
  if (stream.getAudioTracks().length === 0) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    // Browsers start a context suspended until the person has touched the page.
    if (context.state === "suspended") void context.resume();
    analyser.getFloatTimeDomainData(samples);
    onLevel(levelOf(samples));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/** Root mean square of samples in −1…1, on a logarithmic scale from 0 to 1. */
export function levelOf(samples: Float32Array): number {
  if (samples.length === 0) return 0;
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const decibel = 10 * Math.log10(Math.max(power, 1e-12));
  return Math.min(1, Math.max(0, 1 - decibel / FLOOR_DB));
}
