import { GossipTopicPath, PathUnavailableError } from '@hearsay/signaling'
import type { Arrival, GossipTopicComponents, Room, SignalingPath } from '@hearsay/signaling'

/** Whoever wrote to us on a topic can be answered there; of so many peers it is remembered, the latest. */
const MAX_HEARD = 1_024

type Receive = (envelope: Uint8Array, arrival: Arrival) => void

interface Topic {
  readonly path: GossipTopicPath
  /** Whether that peer is in the room, as far as is known. */
  readonly isMember: (peerId: string) => boolean
}

/**
 * The path `gossip` of a member of several rooms: a topic each. An envelope goes to the rooms that its recipient is in,
 * and to no other: nobody there is to learn whom else we know.
 */
export class RoomTopics implements SignalingPath {
  readonly name = 'gossip'
  readonly cost = 100
  readonly kind = 'broadcast'
  readonly #components: GossipTopicComponents
  readonly #localPeer: string
  /** By room, the mesh's own first. */
  readonly #topics = new Map<Room, Topic>()
  /** The room in which a peer was heard last. */
  readonly #heardIn = new Map<string, Room>()
  #receive: Receive | undefined

  constructor(components: GossipTopicComponents, localPeer: string) {
    this.#components = components
    this.#localPeer = localPeer
  }

  /** Takes a room's topic into use. */
  async add(room: Room, isMember: (peerId: string) => boolean): Promise<void> {
    const path = new GossipTopicPath(this.#components, { topic: room.topic, localPeer: this.#localPeer })
    this.#topics.set(room, { path, isMember })
    if (this.#receive !== undefined) await this.#start(room, path, this.#receive)
  }

  async remove(room: Room): Promise<void> {
    const topic = this.#topics.get(room)
    this.#topics.delete(room)
    for (const [peerId, heardIn] of this.#heardIn) if (heardIn === room) this.#heardIn.delete(peerId)
    await topic?.path.stop()
  }

  reaches(remotePeer: string): boolean {
    return this.#pathsTo(remotePeer).some((path) => path.reaches())
  }

  async send(remotePeer: string, envelope: Uint8Array): Promise<void> {
    const sent = await Promise.allSettled(
      this.#pathsTo(remotePeer).map((path) => path.send(remotePeer, envelope))
    )
    if (sent.some(({ status }) => status === 'fulfilled')) return
    const failed = sent.find((result) => result.status === 'rejected')
    throw new PathUnavailableError(this.name, 'no topic takes it', { cause: failed?.reason as unknown })
  }

  async start(receive: Receive): Promise<void> {
    this.#receive = receive
    await Promise.all([...this.#topics].map(([room, { path }]) => this.#start(room, path, receive)))
  }

  async stop(): Promise<void> {
    this.#receive = undefined
    await Promise.all([...this.#topics.values()].map(({ path }) => path.stop()))
  }

  #start(room: Room, path: GossipTopicPath, receive: Receive): Promise<void> {
    return path.start((envelope, arrival) => {
      this.#noteHeard(arrival.origin, room)
      receive(envelope, arrival)
    })
  }

  /** Whom no room knows may be in any: it is looked for in the first. */
  #pathsTo(remotePeer: string): GossipTopicPath[] {
    const heardIn = this.#heardIn.get(remotePeer)
    const all = [...this.#topics]
    const known = all.filter(([room, { isMember }]) => room === heardIn || isMember(remotePeer))
    return (known.length > 0 ? known : all.slice(0, 1)).map(([, { path }]) => path)
  }

  #noteHeard(peerId: string, room: Room): void {
    this.#heardIn.delete(peerId)
    this.#heardIn.set(peerId, room)
    const [oldest] = this.#heardIn.keys()
    if (this.#heardIn.size > MAX_HEARD && oldest !== undefined) this.#heardIn.delete(oldest)
  }
}
