import chai from 'chai'
import asPromised from 'chai-as-promised'
import bites from 'chai-bites'
import parentheses from 'chai-parentheses'
import string from 'chai-string'
import subset from 'chai-subset'

// Parentheses turns properties into methods, those of the plugins before it included.
for (const plugin of [asPromised, parentheses, subset, bites, string]) chai.use(plugin)

export const { expect } = chai
