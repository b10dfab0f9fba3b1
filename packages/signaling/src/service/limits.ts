/** Every bound of a signaler, with its reason. */
export interface SignalingLimits {
  /**
   * Handshakes computed a second before cookies are asked for: one costs the responder about 1.3 ms in Node and 6 ms
   * in a page, so that these are an eighth of a core there, and more than a room of 50 that starts at once needs. Each
   * neighbour on a path has a twentieth of as many for itself. @default 100
   */
  handshakesPerSecond: number
  /**
   * Handshakes computed beyond those, a second and neighbour on a path, for who has shown a cookie there: a thirtieth of
   * a core for each neighbour, whoever stands behind it. @default 25
   */
  neighbourHandshakesPerSecond: number
  /**
   * Handshake messages that one origin may send at once on a path: a dial over two paths, repeated, some peers. As many
   * offers of one peer are taken on all paths together. @default 40
   */
  originHandshakeBurst: number
  /** … and a second on average. @default 10 */
  originHandshakesPerSecond: number
  /** Origins whose quota is kept apart. @default 4096 */
  maxOrigins: number
  /** Peers whose instance and serial are remembered: twice the largest room we aim at. @default 20_000 */
  maxKnownPeers: number
  /** Public keys whose check is remembered. @default 4096 */
  maxCheckedKeys: number
  /** Offers kept to answer repetitions of their message 1 alike, each up to 32 KiB. @default 512 */
  maxOffers: number
  /** … for so long: longer than a dial repeats itself. @default 60_000 */
  offerLifetimeMs: number
  /** A cookie is good for at least so long, and at most twice as long. @default 60_000 */
  cookieLifetimeMs: number
  /** Paths to peers whose RTT is remembered. @default 4096 */
  maxMeasuredPaths: number
}

export const DEFAULT_LIMITS: SignalingLimits = {
  handshakesPerSecond: 100,
  neighbourHandshakesPerSecond: 25,
  originHandshakeBurst: 40,
  originHandshakesPerSecond: 10,
  maxOrigins: 4096,
  maxKnownPeers: 20_000,
  maxCheckedKeys: 4096,
  maxOffers: 512,
  offerLifetimeMs: 60_000,
  cookieLifetimeMs: 60_000,
  maxMeasuredPaths: 4096
}
