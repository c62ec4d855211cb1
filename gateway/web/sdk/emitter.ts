/**
 * Who wants to hear what.
 */

export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  /** Hears every `name`; returns the way to stop. */
  on<K extends keyof Events>(name: K, listener: (value: Events[K]) => void): () => void {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all.add(listener));
    return () => all.delete(listener);
  }

  protected emit<K extends keyof Events>(name: K, value: Events[K]): void {
    this.#listeners.get(name)?.forEach((listener) => {
      try {
        (listener as (value: Events[K]) => void)(value);
      } catch (error) {
        // One listener's fault is told, and takes neither the line nor the other listeners down.
        setTimeout(() => {
          throw error;
        });
      }
    });
  }
}
