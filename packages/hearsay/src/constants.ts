/** Label of the channel that `send()`, `request()` and `handle()` use; sessions always have it. */
export const DEFAULT_CHANNEL = 'default'

/** What labels of channels start with that belong to the mesh and not to the application. */
export const MESH_LABEL_PREFIX = 'hearsay:'

/** Label of the channel that carries signaling envelopes between two that are connected (docs/specs/signaling.md). */
export const SIGNAL_CHANNEL = 'hearsay:signal'

/** The largest signaling envelope (docs/specs/signaling.md). */
export const MAX_ENVELOPE_BYTES = 16 * 1024

/** The protocol between overlay neighbours by which they tell each other who is in the room. */
export const PRESENCE_PROTOCOL = '/hearsay/presence/1.0.0'

/** Members that are remembered at most unless the options say otherwise: a few megabytes. A room may be larger. */
export const DEFAULT_MAX_MEMBERS = 4_096
