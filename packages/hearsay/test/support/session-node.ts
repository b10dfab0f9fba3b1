import { PeerSession } from '@hearsay/session'
import { createSignalingHub } from '@hearsay/testing'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { NoSessionError } from '../../src/errors.ts'
import { hearsayTransport } from '../../src/transport/hearsay-transport.ts'
import type { HearsayTransportComponents, HearsayTransport } from '../../src/transport/hearsay-transport.ts'
import type { LinkChannel } from '../../src/transport/session-links.ts'
import type { SignalingHub } from '@hearsay/testing'
import type { Signaler } from '@hearsay/signaling'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { Libp2pInit } from 'libp2p'

/** A peer with real sessions, signaled in memory, and the transport over them: what a mesh has, and nothing else of it. */
export class SessionNode {
  readonly peerId: string
  readonly privateKey: Ed25519PrivateKey
  readonly sessions = new Map<string, PeerSession>()
  readonly #signaler: Signaler
  #transport: HearsayTransport | undefined

  private constructor(privateKey: Ed25519PrivateKey, hub: SignalingHub) {
    this.privateKey = privateKey
    this.peerId = peerIdFromPrivateKey(privateKey).toString()
    this.#signaler = hub.join(this.peerId)
    this.#signaler.setOfferHandler((offer) => this.#open(offer.remotePeer).handleOffer(offer))
  }

  static async create(hub: SignalingHub): Promise<SessionNode> {
    return new SessionNode(await generateKeyPair('Ed25519'), hub)
  }

  /** What makes a libp2p node of it. */
  get libp2p(): Libp2pInit {
    return {
      privateKey: this.privateKey,
      transports: [
        (components: HearsayTransportComponents) => {
          this.#transport = hearsayTransport()(components)
          this.#transport.attach({
            open: (peerId, label) => {
              const session = this.sessions.get(peerId)
              if (session?.state.name !== 'connected') throw new NoSessionError(peerId)
              return session.channel<Uint8Array>(label, { codec: 'bytes' })
            }
          })
          return this.#transport
        }
      ]
    }
  }

  get transport(): HearsayTransport {
    if (this.#transport === undefined) throw new Error('make the libp2p node first')
    return this.#transport
  }

  async connect(to: SessionNode): Promise<void> {
    await this.#open(to.peerId).dial()
    await to.sessions.get(this.peerId)?.waitForConnected()
  }

  async close(): Promise<void> {
    await Promise.all([...this.sessions.values()].map((session) => session.close()))
  }

  #open(peerId: string): PeerSession {
    const session = new PeerSession({
      signaler: this.#signaler,
      remotePeer: peerId,
      rtcConfiguration: { iceServers: [] }
    })
    session.addEventListener('channel', ({ detail }) => {
      const isTaken = this.#transport?.accept(peerId, detail as LinkChannel) ?? false
      if (!isTaken) void detail.close()
    })
    this.sessions.set(peerId, session)
    return session
  }
}

/** Two peers with a session between them. */
export async function connectedPair(): Promise<[SessionNode, SessionNode]> {
  const hub = createSignalingHub()
  const [a, b] = [await SessionNode.create(hub), await SessionNode.create(hub)]
  await a.connect(b)
  return [a, b]
}
