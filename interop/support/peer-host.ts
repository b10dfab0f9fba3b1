import type { PeerInput, PeerOutput } from './plan.ts'

/** A place in which a `PeerProgram` runs: this process, another one, or a page. */
export interface PeerHost extends AsyncDisposable {
  send(input: PeerInput): void
  /** Called with everything that the program tells, in order. Set before anything is sent. */
  onoutput: (output: PeerOutput) => void
}

/** A WebRTC stack that can play one side of a test. */
export interface Stack extends AsyncDisposable {
  readonly name: string
  /** A fresh peer. */
  open(): Promise<PeerHost>
}
