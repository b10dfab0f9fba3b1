type Listener = (event: Event) => unknown

interface Slot {
  handler: Listener
  readonly listener: Listener
}

const slots = new WeakMap<EventTarget, Map<string, Slot>>()

/**
 * Defines `on…` attributes on the prototype of an `EventTarget` (HTML §8.1.8.1): a handler takes its place among the
 * listeners when it is first set, keeps it while it is replaced, and gives it up when it is set to null.
 */
export function defineEventHandlers(prototype: EventTarget, types: readonly string[]): void {
  for (const type of types) {
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      get(this: EventTarget): Listener | null {
        return slots.get(this)?.get(type)?.handler ?? null
      },
      set(this: EventTarget, value: unknown) {
        setHandler(this, type, typeof value === 'function' ? (value as Listener) : null)
      }
    })
  }
}

function setHandler(target: EventTarget, type: string, handler: Listener | null): void {
  const own = slots.get(target) ?? new Map<string, Slot>()
  slots.set(target, own)
  const slot = own.get(type)
  if (handler === null) {
    if (slot !== undefined) target.removeEventListener(type, slot.listener)
    own.delete(type)
  } else if (slot !== undefined) {
    slot.handler = handler
  } else {
    const added: Slot = { handler, listener: (event) => added.handler.call(target, event) }
    own.set(type, added)
    target.addEventListener(type, added.listener)
  }
}
