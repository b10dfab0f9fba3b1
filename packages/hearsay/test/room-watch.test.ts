import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { RoomWatch } from '../src/room-watch.ts'

describe('room watch', () => {
  let told: number
  let watch: RoomWatch

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    told = 0
    watch = new RoomWatch(1_000, () => told++)
  })

  afterEach(() => {
    mock.timers.reset()
  })

  it('tells once, so long after the first connection, that nobody of the room was heard', () => {
    mock.timers.tick(5_000)
    watch.handleConnected()
    mock.timers.tick(500)
    watch.handleConnected()
    mock.timers.tick(499)
    assert.equal(told, 0)
    mock.timers.tick(1)
    assert.equal(told, 1)
    watch.handleConnected()
    mock.timers.tick(5_000)
    assert.equal(told, 1)
  })

  it('tells nothing once somebody was heard', () => {
    watch.handleConnected()
    watch.stop()
    mock.timers.tick(5_000)
    watch.handleConnected()
    mock.timers.tick(5_000)
    assert.equal(told, 0)
  })
})
