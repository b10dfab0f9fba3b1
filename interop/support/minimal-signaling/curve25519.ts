/** From Ed25519 to X25519: docs/specs/signaling.md, "Identities and keys"; RFC 8032 and RFC 7748. */
import { createHash, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'

const P = 2n ** 255n - 19n
/** Order of the large subgroup. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n
const D = mod(-121665n * power(121666n, P - 2n))

/** x = X / Z, y = Y / Z. */
type Point = readonly [X: bigint, Y: bigint, Z: bigint]
const IDENTITY: Point = [0n, 1n, 1n]

const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI = Buffer.from('302a300506032b656e032100', 'hex')
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The Ed25519 public key of a seed. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' })
  return Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
}

/** The X25519 secret of an Ed25519 seed: the clamped first half of its SHA-512. */
export function x25519Secret(seed: Uint8Array): Uint8Array {
  const secret = Uint8Array.from(createHash('sha512').update(seed).digest().subarray(0, 32))
  secret[0] &= 0xf8
  secret[31] = (secret[31] & 0x7f) | 0x40
  return secret
}

export function x25519Public(secret: Uint8Array): Uint8Array {
  return Uint8Array.from(
    createPublicKey(privateKey(secret)).export({ format: 'der', type: 'spki' }).subarray(-32)
  )
}

/** Throws where the result is all zero. */
export function dh(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const theirs = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
  const shared = diffieHellman({ privateKey: privateKey(secret), publicKey: theirs })
  if (shared.every((byte) => byte === 0)) throw new Error('an all-zero DH')
  return Uint8Array.from(shared)
}

/** The X25519 form of an Ed25519 public key; undefined where the specification refuses it. */
export function montgomery(publicKey: Uint8Array): Uint8Array | undefined {
  const point = decode(publicKey)
  if (point === undefined || isIdentity(point) || !isIdentity(multiply(point, L))) return undefined
  const [, y] = point
  return little(mod((1n + y) * inverse(1n - y)))
}

function privateKey(secret: Uint8Array): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' })
}

/** RFC 8032, section 5.1.3. */
function decode(bytes: Uint8Array): Point | undefined {
  const number = BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
  const [sign, y] = [number >> 255n, number & ((1n << 255n) - 1n)]
  if (y >= P) return undefined
  const [u, v] = [mod(y * y - 1n), mod(D * y * y + 1n)]
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n))
  if (mod(v * x * x) === mod(-u)) x = mod(x * power(2n, (P - 1n) / 4n))
  if (mod(v * x * x) !== u || (x === 0n && sign === 1n)) return undefined
  return [(x & 1n) === sign ? x : P - x, y, 1n]
}

/** Serves to double as well. */
function add([X1, Y1, Z1]: Point, [X2, Y2, Z2]: Point): Point {
  const [a, c, y] = [mod(Z1 * Z2), mod(X1 * X2), mod(Y1 * Y2)]
  const [square, e] = [mod(a * a), mod(D * c * y)]
  const [f, g] = [mod(square - e), mod(square + e)]
  return [mod(a * f * mod((X1 + Y1) * (X2 + Y2) - c - y)), mod(a * g * (y + c)), mod(f * g)]
}

function multiply(point: Point, scalar: bigint): Point {
  let [sum, doubled] = [IDENTITY, point]
  for (let rest = scalar; rest > 0n; rest >>= 1n, doubled = add(doubled, doubled)) {
    if ((rest & 1n) === 1n) sum = add(sum, doubled)
  }
  return sum
}

function isIdentity([X, Y, Z]: Point): boolean {
  return X === 0n && Y === Z
}

function little(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse())
}

function mod(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n)
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)]
  for (let rest = exponent; rest > 0n; rest >>= 1n, square = mod(square * square)) {
    if ((rest & 1n) === 1n) result = mod(result * square)
  }
  return result
}
