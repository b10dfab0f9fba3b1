/** Label of the channel that `send()`, `request()` and `handle()` use; sessions always have it. */
export const DEFAULT_CHANNEL = 'default'

/** Protocol of the direct signaling stream: who speaks it is a node of ours. */
export const SIGNAL_PROTOCOL = '/hearsay/signal/1.0.0'
