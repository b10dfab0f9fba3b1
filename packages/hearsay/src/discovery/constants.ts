/** The DHT of hearsay's own nodes. Who wants members found in another one gives the service a node that is in that. */
export const DHT_PROTOCOL = '/hearsay/kad/1.0.0'

/**
 * How long a DHT node keeps a provider record. libp2p forgets addresses after an hour, and a record without addresses
 * finds nobody.
 */
export const RECORD_TTL_MS = 3_600_000

/** How often who provides does so again: one renewal may be lost. */
export const REPUBLISH_MS = RECORD_TTL_MS / 2

/** Providers that one lookup brings at most: a DHT node can invent as many as it likes. */
export const MAX_PROVIDERS_FOUND = 64
