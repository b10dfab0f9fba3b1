#!/usr/bin/env node
import { main } from '@hearsay/cli'
await main(process.argv.slice(2))
