import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Key } from 'interface-datastore'
import { RecordStore } from '../src/discovery/record-store.ts'

const bytes = (value: number): Uint8Array => Uint8Array.of(value)
const small = (): RecordStore => new RecordStore([{ prefix: '/dht', maxRecords: 6, maxPerParent: 3 }])

async function keys(store: RecordStore, prefix?: string): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of store.query(prefix === undefined ? {} : { prefix })) found.push(key.toString())
  return found
}

describe('record store', () => {
  it('keeps what is put, and says what is absent as datastores do', () => {
    const store = small()
    store.put(new Key('/dht/provider/a/1'), bytes(1))
    assert.deepEqual(store.get(new Key('/dht/provider/a/1')), bytes(1))
    assert.equal(store.has(new Key('/dht/provider/a/1')), true)
    store.delete(new Key('/dht/provider/a/1'))
    assert.equal(store.has(new Key('/dht/provider/a/1')), false)
    assert.throws(() => store.get(new Key('/dht/provider/a/1')), { name: 'NotFoundError' })
  })

  it('keeps the newest under one key', async () => {
    const store = small()
    for (const name of [1, 2, 3, 1, 4]) store.put(new Key(`/dht/provider/a/${name}`), bytes(name))
    store.put(new Key('/dht/provider/b/1'), bytes(9))
    assert.deepEqual(await keys(store, '/dht/provider/a'), [
      '/dht/provider/a/3',
      '/dht/provider/a/1',
      '/dht/provider/a/4'
    ])
  })

  it('keeps the newest of all', async () => {
    const store = small()
    for (let name = 0; name < 10; name++) store.put(new Key(`/dht/provider/${name}/x`), bytes(name))
    assert.deepEqual(
      await keys(store),
      [4, 5, 6, 7, 8, 9].map((name) => `/dht/provider/${name}/x`)
    )
  })

  it('keeps what is read before what is not', () => {
    const store = new RecordStore([{ prefix: '/peers', maxRecords: 3, maxPerParent: 3 }])
    for (let name = 0; name < 10; name++) {
      store.put(new Key(`/peers/${name}`), bytes(name))
      assert.deepEqual(store.get(new Key('/peers/0')), bytes(0))
    }
    assert.equal(store.has(new Key('/peers/7')), false)
  })

  it('takes no record that is larger than any should be', () => {
    const store = small()
    const key = new Key('/dht/record/a')
    store.put(key, bytes(1))
    store.put(key, new Uint8Array(100_000))
    assert.deepEqual(store.get(key), bytes(1))
  })

  it('leaves what no bound is for alone', async () => {
    const store = small()
    for (let name = 0; name < 10; name++) store.put(new Key(`/peers/${name}`), bytes(name))
    assert.equal((await keys(store, '/peers')).length, 10)
  })

  it('holds its bounds through any puts and deletes', () => {
    const operation = fc.record({ isPut: fc.boolean(), group: fc.nat(4), name: fc.nat(5) })
    return fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 200 }), async (operations) => {
        const store = small()
        for (const { isPut, group, name } of operations) {
          const key = new Key(`/dht/record/${group}/${name}`)
          if (isPut) store.put(key, bytes(name))
          else store.delete(key)
          assert.equal(store.has(key), isPut)
        }
        const all = await keys(store)
        assert.ok(all.length <= 6)
        for (let group = 0; group <= 4; group++) {
          const inGroup = await keys(store, `/dht/record/${group}`)
          assert.ok(inGroup.length <= 3)
          assert.deepEqual(
            [...inGroup].sort(),
            all.filter((key) => key.startsWith(`/dht/record/${group}/`)).sort()
          )
        }
      })
    )
  })
})
