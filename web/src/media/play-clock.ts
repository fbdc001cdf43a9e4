/** Counts how long a video really plays: not paused, not waiting, not jumped over. */

/** Looks this often; a longer step means that the page slept. */
const STEP_MS = 1_000;

/** Calls `onPlayed` after each `everyS` seconds of playback, and at the end with what is left. */
export class PlayClock {
  readonly #video: HTMLVideoElement;
  readonly #everyS: number;
  readonly #onPlayed: (seconds: number) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #played = 0;
  #position: number;

  constructor(video: HTMLVideoElement, everyS: number, onPlayed: (seconds: number) => void) {
    this.#video = video;
    this.#everyS = everyS;
    this.#onPlayed = onPlayed;
    this.#position = video.currentTime;
    this.#timer = setInterval(() => this.#look(), STEP_MS);
  }

  /** Ends the counting. */
  stop(): void {
    clearInterval(this.#timer);
    this.#tell();
  }

  #look(): void {
    const { currentTime, paused, seeking, playbackRate } = this.#video;
    const moved = currentTime - this.#position;
    this.#position = currentTime;
    // At double speed the position moves two seconds for one of playback.
    const seconds = moved / playbackRate;
    const longest = (STEP_MS / 1_000) * 2;
    if (!paused && !seeking && seconds > 0 && seconds <= longest) this.#played += seconds;
    if (this.#played >= this.#everyS) this.#tell();
  }

  #tell(): void {
    const whole = Math.floor(this.#played);
    this.#played -= whole;
    if (whole > 0) this.#onPlayed(whole);
  }
}
