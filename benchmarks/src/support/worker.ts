import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a worker process answers to: each method takes and returns plain JSON values. */
export type Methods = Record<string, (...args: never[]) => unknown>

/** The calling side of a worker's methods. */
export type Remote<M extends Methods> = {
  [K in keyof M]: (...args: Parameters<M[K]>) => Promise<Awaited<ReturnType<M[K]>>>
}

export interface WorkerProcess<M extends Methods> extends AsyncDisposable {
  readonly call: Remote<M>
  readonly pid: number
}

interface Call {
  id: number
  method: string
  args: unknown[]
}

interface Reply {
  id: number
  value?: unknown
  error?: string
}

/** What a worker tells unasked. */
interface Told {
  event: unknown
}

/** How long a worker may take to end by itself before it is killed. */
const exitTimeoutMs = 5_000

let profiles = 0

export interface WorkerOptions {
  /** What its CPU profile is called. @default 'worker' */
  readonly name?: string | undefined
  /** The network namespace that it runs in. @default ours */
  readonly namespace?: string | undefined
  /** Called with what the worker tells unasked. */
  readonly onEvent?: ((event: never) => void) | undefined
}

/**
 * Starts `module` as a process of its own; it must call {@link serve}. With a folder named in `BENCH_CPU_PROF`, its CPU
 * profile is found there when it has ended, under its name.
 */
export function startWorker<M extends Methods>(module: URL, options: WorkerOptions = {}): WorkerProcess<M> {
  const { name = 'worker', namespace } = options
  const nodeArguments = [...process.execArgv, '--expose-gc', ...profileArguments(name)]
  const child = fork(module, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // `ip` becomes the process that it is told to run, so all that fork() does for a child holds for that one.
    ...(namespace === undefined
      ? { execArgv: nodeArguments }
      : { execPath: 'ip', execArgv: ['netns', 'exec', namespace, process.execPath, ...nodeArguments] }),
    // Installed packages have no types to strip; Node's compile cache makes up for that here, for every contender.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'hearsay-benchmark-compile-cache') }
  })
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let nextId = 0

  child.on('message', (reply: Reply | Told) => {
    if ('event' in reply) return options.onEvent?.(reply.event as never)
    const call = pending.get(reply.id)
    pending.delete(reply.id)
    if (reply.error === undefined) call?.resolve(reply.value)
    else call?.reject(new Error(reply.error))
  })
  // Of calls that could not be handed over; its end tells of them.
  child.on('error', () => undefined)
  child.on('exit', (code, signal) => {
    for (const call of pending.values()) {
      call.reject(new Error(`worker ended early (${signal ?? `exit code ${String(code)}`})`))
    }
    pending.clear()
  })

  const invoke = (method: string, args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!child.connected) throw new Error('the worker has ended')
      const call: Call = { id: nextId++, method, args }
      pending.set(call.id, { resolve, reject })
      child.send(call)
    })

  return {
    pid: child.pid ?? -1,
    call: new Proxy({} as Remote<M>, {
      get:
        (_target, method: string) =>
        (...args: unknown[]) =>
          invoke(method, args)
    }),
    [Symbol.asyncDispose]: () => end(child)
  }
}

/** Tells the parent something unasked. */
export function tell(event: unknown): void {
  process.send?.({ event } satisfies Told)
}

function profileArguments(name: string): string[] {
  const folder = process.env.BENCH_CPU_PROF
  if (folder === undefined) return []
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}-${profiles++}.cpuprofile`]
}

/** Answers calls from the parent until it disconnects. */
export function serve(methods: Methods): void {
  process.on('message', (call: Call) => {
    void answer(methods, call).then((reply) => process.send?.(reply))
  })
  process.on('disconnect', () => process.exit(0))
}

async function answer(methods: Methods, { id, method, args }: Call): Promise<Reply> {
  try {
    return { id, value: await methods[method](...(args as never[])) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const timer = setTimeout(() => child.kill('SIGKILL'), exitTimeoutMs)
  if (child.connected) child.disconnect()
  await exited
  clearTimeout(timer)
}
