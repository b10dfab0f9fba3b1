import assert from 'node:assert/strict'
import { DataChannels } from '../../src/node/data-channels.ts'
import { TaskQueue } from '../../src/node/internal.ts'
import type { SctpAssociation } from '../../src/node/sctp/association.ts'
import { once } from './support/connections.ts'

describe('DataChannels', () => {
  it('closes the channel whose stream the peer wants reset, and hands SCTP nothing more for it', async () => {
    const calls: string[] = []
    const association: SctpAssociation = {
      start: () => undefined,
      handlePacket: () => undefined,
      send: (streamId) => calls.push(`send ${streamId}`),
      resetStream: (streamId) => calls.push(`reset ${streamId}`),
      setPriority: () => undefined,
      handlePathChange: () => undefined,
      abort: () => undefined
    }
    const channels = new DataChannels({
      tasks: new TaskQueue(),
      isClosed: () => false,
      maxMessageSize: () => 65_536,
      onDataChannel: () => undefined
    })
    const channel = channels.create({
      label: 'x',
      protocol: '',
      ordered: true,
      maxPacketLifeTime: null,
      maxRetransmits: null,
      priority: 'low',
      negotiated: true,
      id: 3
    })
    channels.connect(association, 1024)
    await once(channel, 'open')
    channel.send('in time')
    channels.onResetRequested(3)
    assert.equal(channel.readyState, 'open')
    channel.send('too late')
    await once(channel, 'closing')
    assert.deepEqual(calls, ['send 3'])
    channels.onOutgoingReset(3)
    channels.onIncomingReset(3)
    await once(channel, 'close')
    assert.deepEqual(channels.channels, [])
  })
})
