import assert from 'node:assert/strict'
import { OriginBuckets } from '../src/quota/origin-buckets.ts'
import { TokenBucket } from '../src/quota/token-bucket.ts'

describe('token buckets', () => {
  it('let a burst through, then the rate', () => {
    const bucket = new TokenBucket(3, 2, 0)
    assert.deepEqual(
      [0, 0, 0, 0, 499, 500, 999, 1000, 60_000, 60_000, 60_000, 60_000].map((now) => bucket.take(now)),
      [true, true, true, false, false, true, false, true, true, true, true, false]
    )
    assert.equal(bucket.nextAt(60_000), 60_500)
  })

  it('are kept for a bounded number of origins', () => {
    const buckets = new OriginBuckets(1, 1, 3)
    for (const origin of ['a', 'b', 'c']) {
      assert.equal(buckets.take(origin, 0), true)
    }
    assert.equal(buckets.take('a', 0), false)
    assert.equal(buckets.take('d', 0), true)
    assert.equal(buckets.isEmpty('b', 0), false, 'the one unused longest was forgotten')
    assert.equal(buckets.isEmpty('a', 0), true)
  })
})
