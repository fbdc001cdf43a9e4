/** A small typed event emitter for the clients of this folder. */

type Listeners<Events> = { [Name in keyof Events]?: Set<(value: Events[Name]) => void> };

/** Emits named events, each with one value; the names and values are fixed by `Events`. */
export class Emitter<Events extends object> {
  readonly #listeners: Listeners<Events> = {};

  /** Calls `listener` at every `name` event; the returned function ends that. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const listeners = this.#listeners[name] ?? new Set<(value: Events[Name]) => void>();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Tells everybody who listens now; for the owner of the emitter only. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) listener(value);
  }
}
