/** The stages of a learning session: one agent works on each. */
import type { AgentCompleted, AgentFailed, AgentStarted } from '@sluice/client';

/** The agents in the order of their stages. */
export const AGENTS: readonly string[] = [
  'RESEARCH',
  'VERIFICATION',
  'DECOMPOSITION',
  'STRUCTURING',
  'CONTENT_GENERATION',
  'VALIDATION',
  'SYNTHESIS',
  'LEARNING_EXPERIENCE',
];

/** How far a stage is. */
export type StageStatus = 'waiting' | 'running' | 'completed' | 'failed';

/** One stage of one session. */
export interface Stage {
  readonly number: number;
  readonly agentType: string;
  readonly status: StageStatus;
  /** The attempt that the other members tell about. */
  readonly executionId: string;
  /** When that attempt was last heard of, in milliseconds since 1970. */
  readonly atMs: number;
  /** How many attempts were seen. */
  readonly attempts: number;
  readonly minutes: number | null;
  readonly tokens: number | null;
  readonly costUsd: number | null;
  readonly error: string | null;
}

/** An event about a stage. */
export type StageEvent = AgentStarted | AgentCompleted | AgentFailed;

/** The stage after the event. Events of an earlier attempt that come late change nothing. */
export function afterStageEvent(stage: Stage | undefined, event: StageEvent, atMs: number): Stage {
  const isSameAttempt = stage?.executionId === event.executionId;
  if (stage !== undefined && isLate(stage, event, isSameAttempt, atMs)) return stage;
  const attempt: Stage = {
    number: event.stageNumber,
    agentType: event.agentType,
    status: 'running',
    executionId: event.executionId,
    atMs,
    attempts: (stage?.attempts ?? 0) + (isSameAttempt ? 0 : 1),
    minutes: null,
    tokens: null,
    costUsd: null,
    error: null,
  };
  switch (event.eventType) {
    case 'agent.started.v1':
      return attempt;
    case 'agent.completed.v1':
      return {
        ...attempt,
        status: 'completed',
        minutes: event.durationMinutes,
        tokens: event.tokensUsed,
        costUsd: event.costUsd,
      };
    case 'agent.failed.v1':
      return { ...attempt, status: 'failed', error: event.errorMessage };
  }
}

/** Whether the stage already knows better than the event. */
function isLate(stage: Stage, event: StageEvent, isSameAttempt: boolean, atMs: number): boolean {
  if (isSameAttempt) return event.eventType === 'agent.started.v1';
  return atMs < stage.atMs;
}
