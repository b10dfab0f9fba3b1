import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { parseIceServer } from '../src/mesh/ice-server.ts'

describe('--ice-server', () => {
  it('takes a STUN server as it is', () => {
    assert.deepEqual(parseIceServer('stun:127.0.0.1:3478'), { urls: 'stun:127.0.0.1:3478' })
  })

  it('takes user and secret out of a TURN server', () => {
    assert.deepEqual(parseIceServer('turns:ann:pa%40ss@[::1]:5349?transport=tcp'), {
      urls: 'turns:[::1]:5349?transport=tcp',
      username: 'ann',
      credential: 'pa@ss'
    })
  })

  it('refuses a broken percent-encoding', () => {
    assert.throws(() => parseIceServer('turn:ann:50%@127.0.0.1'), { code: 'ERR_INVALID_OPTION' })
  })

  it('leaves a TURN server without them to the library, which says what is missing', () => {
    assert.deepEqual(parseIceServer('turn:127.0.0.1'), { urls: 'turn:127.0.0.1' })
  })
})
