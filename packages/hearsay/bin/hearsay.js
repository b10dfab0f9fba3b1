#!/usr/bin/env node
import '../command/hearsay.js'
