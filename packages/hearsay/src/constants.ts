/** Label of the channel that `send()`, `request()` and `handle()` use; sessions always have it. */
export const DEFAULT_CHANNEL = 'default'
