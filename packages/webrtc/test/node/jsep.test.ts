import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SDP_LIMITS, parseCandidate, parseSdp } from '@hearsay/webrtc'
import { dataOf } from '../../src/node/jsep/description.ts'
import { JsepSession } from '../../src/node/jsep/session.ts'
import { canRollBack, nextSignalingState } from '../../src/node/jsep/signaling-state.ts'

type Message = RTCSessionDescriptionInit

/** One end of a perfect negotiation (webrtc-pc §10.7), without time: messages wait until the test hands them over. */
class Peer {
  readonly session: JsepSession
  readonly inbox: Message[] = []
  readonly #polite: boolean
  remote!: Peer

  constructor(polite: boolean, fill: number) {
    this.#polite = polite
    this.session = new JsepSession({ fingerprint: new Uint8Array(32).fill(fill) })
  }

  /** Offers, if that is possible now. */
  offer(iceRestart: boolean): void {
    if (this.session.signalingState !== 'stable') return
    const offer = this.session.createOffer({ hasChannels: true, iceRestart })
    this.session.apply('local', this.session.checkLocal('offer', offer.sdp!))
    this.#send()
  }

  /** Takes the next message. */
  take(): void {
    const message = this.inbox.shift()
    if (message === undefined) return
    const { session } = this
    if (message.type === 'offer') {
      const collision = session.signalingState !== 'stable'
      if (collision && !this.#polite) return
      const description = session.checkRemote('offer', message.sdp!)
      if (session.signalingState === 'have-local-offer') session.rollBack()
      session.apply('remote', description)
      const answer = session.createAnswer()
      session.apply('local', session.checkLocal('answer', answer.sdp!))
      this.#send()
    } else if (session.signalingState === 'have-local-offer') {
      session.apply('remote', session.checkRemote('answer', message.sdp!))
    }
  }

  #send(): void {
    const { type, sdp } = this.session.local!
    this.remote.inbox.push({ type, sdp })
  }
}

describe('JsepSession', () => {
  it('brings both sides to one agreed state, whatever the order of offers, restarts and deliveries', () => {
    const step = fc.constantFrom('offer a', 'offer b', 'restart a', 'restart b', 'a takes', 'b takes')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const a = new Peer(true, 1)
        const b = new Peer(false, 2)
        a.remote = b
        b.remote = a
        for (const name of steps) {
          const peer = name.includes('a takes') || name.endsWith(' a') ? a : b
          if (name.endsWith('takes')) peer.take()
          else peer.offer(name.startsWith('restart'))
        }
        while (a.inbox.length > 0 || b.inbox.length > 0) {
          a.take()
          b.take()
        }
        assert.deepEqual([a.session.signalingState, b.session.signalingState], ['stable', 'stable'])
        assert.equal(a.session.currentLocal?.sdp, b.session.currentRemote?.sdp)
        assert.equal(b.session.currentLocal?.sdp, a.session.currentRemote?.sdp)
        if (a.session.currentLocal === null) return
        assert.notEqual(a.session.dtlsRole, b.session.dtlsRole)
        assert.notEqual(a.session.isOfferer, b.session.isOfferer)
      })
    )
  })

  it('keeps the DTLS role whoever offers next', () => {
    const a = new Peer(true, 1)
    const b = new Peer(false, 2)
    a.remote = b
    b.remote = a
    const roles: unknown[] = []
    for (const offerer of [a, b, a, b]) {
      offerer.offer(false)
      offerer.remote.take()
      offerer.take()
      roles.push(a.session.dtlsRole, b.session.dtlsRole)
    }
    assert.deepEqual(new Set(roles.filter((_, index) => index % 2 === 0)), new Set(['server']))
    assert.deepEqual(new Set(roles.filter((_, index) => index % 2 === 1)), new Set(['client']))
  })

  it('answers a restart with new credentials, and nothing else with them', () => {
    const a = new Peer(true, 1)
    const b = new Peer(false, 2)
    a.remote = b
    b.remote = a
    const negotiate = (iceRestart: boolean): (string | undefined)[] => {
      a.offer(iceRestart)
      b.take()
      a.take()
      return [dataOf(a.session.local)?.iceUfrag, dataOf(b.session.local)?.iceUfrag]
    }
    const first = negotiate(false)
    assert.deepEqual(negotiate(false), first)
    const restarted = negotiate(true)
    assert.ok(restarted.every((ufrag, index) => ufrag !== first[index]))
  })

  it('holds no more candidates than a description may, and ends them once', () => {
    const a = new Peer(true, 1)
    const b = new Peer(false, 2)
    a.remote = b
    b.remote = a
    a.offer(false)
    b.take()
    a.take()
    const [ours, theirs] = [dataOf(a.session.local)!.iceUfrag, dataOf(a.session.remote)!.iceUfrag]
    for (let port = 1; port <= 2 * SDP_LIMITS.candidates; port++) {
      const candidate = parseCandidate(`candidate:1 1 udp 1 192.0.2.1 ${port} typ host`)
      a.session.addLocalCandidate(ours, candidate)
      a.session.addRemoteCandidate(theirs, candidate)
    }
    for (let times = 0; times < 3; times++) {
      a.session.addLocalCandidate(ours, undefined)
      a.session.addRemoteCandidate(theirs, undefined)
    }
    for (const description of [a.session.local!, a.session.remote!]) {
      assert.equal(dataOf(description)!.candidates.length, SDP_LIMITS.candidates)
      assert.deepEqual(dataOf({ ...description, value: parseSdp(description.sdp) }), dataOf(description))
    }
    a.offer(false)
    assert.equal(dataOf(a.session.local)!.candidates.length, SDP_LIMITS.candidates)
  })

  it('counts the session version up', () => {
    const { session } = new Peer(true, 1)
    const versions = Array.from({ length: 3 }, () => {
      const { sdp } = session.createOffer({ hasChannels: true, iceRestart: false })
      return Number(/^o=- \d+ (\d+)/m.exec(sdp!)![1])
    })
    assert.deepEqual(versions, [1, 2, 3])
  })
})

describe('signaling states (RFC 9429 §3.2)', () => {
  it('allow what the figure has, and nothing else', () => {
    const states: RTCSignalingState[] = [
      'stable',
      'have-local-offer',
      'have-remote-offer',
      'have-local-pranswer',
      'have-remote-pranswer'
    ]
    const rows = states.flatMap((state) =>
      (['local', 'remote'] as const).flatMap((side) =>
        (['offer', 'pranswer', 'answer'] as const).flatMap((type) => {
          const next = nextSignalingState(state, side, type)
          return next === undefined ? [] : [`${state} ${side} ${type} ${next}`]
        })
      )
    )
    assert.deepEqual(rows, [
      'stable local offer have-local-offer',
      'stable remote offer have-remote-offer',
      'have-local-offer local offer have-local-offer',
      'have-local-offer remote pranswer have-remote-pranswer',
      'have-local-offer remote answer stable',
      'have-remote-offer local pranswer have-local-pranswer',
      'have-remote-offer local answer stable',
      'have-remote-offer remote offer have-remote-offer',
      'have-local-pranswer local pranswer have-local-pranswer',
      'have-local-pranswer local answer stable',
      'have-remote-pranswer remote pranswer have-remote-pranswer',
      'have-remote-pranswer remote answer stable'
    ])
    assert.deepEqual(states.filter(canRollBack), ['have-local-offer', 'have-remote-offer'])
  })
})
