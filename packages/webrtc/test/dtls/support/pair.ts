import { Certificate } from '../../../src/dtls/certificate.ts'
import { DtlsConnection } from '../../../src/dtls/connection.ts'
import type { DtlsConnectionInit } from '../../../src/dtls/connection-init.ts'
import { VirtualNetwork } from './virtual-network.ts'
import type { Path } from './virtual-network.ts'

export const alice = Certificate.generate()
export const bob = Certificate.generate()
export const mallory = Certificate.generate()

export function fingerprint(certificate: Certificate): { algorithm: string; value: string } {
  const [value] = certificate.getFingerprints()
  if (value === undefined) throw new Error('A certificate has a fingerprint.')
  return value
}

/** Alice as client. */
export function makeClient(init: Partial<DtlsConnectionInit> = {}): DtlsConnection {
  return new DtlsConnection({
    role: 'client',
    certificate: alice,
    remoteFingerprint: fingerprint(bob),
    ...init
  })
}

/** Bob as server. */
export function makeServer(init: Partial<DtlsConnectionInit> = {}): DtlsConnection {
  return new DtlsConnection({
    role: 'server',
    certificate: bob,
    remoteFingerprint: fingerprint(alice),
    ...init
  })
}

export interface Pair {
  readonly client: DtlsConnection
  readonly server: DtlsConnection
  readonly network: VirtualNetwork
}

export function makePair(path?: Path, init: Partial<DtlsConnectionInit> = {}): Pair {
  const client = makeClient(init)
  const server = makeServer(init)
  return { client, server, network: new VirtualNetwork(client, server, path) }
}

/** A pair that has connected over a perfect path. */
export function connectedPair(init: Partial<DtlsConnectionInit> = {}): Pair {
  const pair = makePair(undefined, init)
  pair.network.handshake()
  return pair
}
