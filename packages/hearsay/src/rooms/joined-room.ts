import { TypedEventEmitter } from 'main-event'
import { RoomLeftError } from '../errors.ts'
import { memberOf } from '../mesh-member.ts'
import type { BroadcastOptions, BroadcastResult, MeshMember, MeshRoom, MeshRoomEvents } from '../mesh.ts'
import type { MeshPeer } from '../mesh-peer.ts'
import type { MeshRuntime } from '../mesh-runtime.ts'
import type { RoomRuntime } from './room-runtime.ts'

const EVENTS = ['member:discovered', 'member:left', 'peer:joined', 'peer:left', 'room:key-mismatch'] as const

/** A room that `mesh.join()` has joined. */
export class JoinedRoom extends TypedEventEmitter<MeshRoomEvents> implements MeshRoom {
  readonly room: string
  readonly #mesh: MeshRuntime
  readonly #runtime: RoomRuntime
  readonly #onLeave: () => void

  constructor(mesh: MeshRuntime, runtime: RoomRuntime, onLeave: () => void) {
    super()
    this.room = runtime.room.name
    this.#mesh = mesh
    this.#runtime = runtime
    this.#onLeave = onLeave
    for (const type of EVENTS) {
      runtime.addEventListener(type, ({ detail }) => {
        this.dispatchEvent(new CustomEvent(type, { detail }))
      })
    }
  }

  get members(): readonly MeshMember[] {
    return this.#runtime.isStopped ? [] : this.#runtime.members.map(memberOf)
  }

  get peers(): readonly MeshPeer[] {
    return this.#runtime.peers
  }

  async broadcast(message: unknown, options?: BroadcastOptions): Promise<BroadcastResult> {
    this.#mesh.stopped.throwIfAborted()
    if (this.#runtime.isStopped) throw new RoomLeftError(this.room)
    return this.#runtime.broadcast.send(message, options)
  }

  leave(): Promise<void> {
    this.#onLeave()
    return this.#mesh.leave(this.#runtime)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }
}
