/** Growing, jittered delays between attempts, so that a thousand viewers do not come back in the same instant. */

const FIRST_MS = 500;
const LONGEST_MS = 8_000;

/** Gives the delay before each next attempt: doubling from 0.5 s to 8 s, each between half and all of its step. */
export class Backoff {
  #step = 0;

  /** Milliseconds to wait now; the next answer is about twice as long. */
  next(): number {
    const step = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#step);
    this.#step += 1;
    return step / 2 + (Math.random() * step) / 2;
  }

  /** Starts over, once a connection has proved itself. */
  reset(): void {
    this.#step = 0;
  }
}
