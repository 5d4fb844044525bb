/** The stages of a session, as steps. */
import type { JSX } from 'preact';
import type { Session } from '../model/session.ts';
import { allStages } from '../model/session.ts';
import type { Stage } from '../model/stage.ts';
import { humanise } from '../model/words.ts';
import { dollars, whole } from './format.ts';
import { Check, Cross } from './icons.tsx';

type Look = Stage['status'] | 'stopped';

const WORDS: Readonly<Record<Look, string>> = {
  waiting: 'Waiting',
  running: 'Running…',
  completed: 'Completed',
  failed: 'Failed',
  stopped: 'Stopped',
};

/** The eight stages, each with what it took. */
export function Stepper({ session }: { session: Session }): JSX.Element {
  return (
    <ol class="stepper">
      {allStages(session).map((stage) => (
        <Step key={stage.number} stage={stage} look={lookOf(stage, session)} />
      ))}
    </ol>
  );
}

/** A stage that was running when its session ended runs no more. */
export function lookOf(stage: Stage, session: Session): Look {
  return stage.status === 'running' && session.status !== 'running' ? 'stopped' : stage.status;
}

function Step({ stage, look }: { stage: Stage; look: Look }): JSX.Element {
  return (
    <li
      class={`step ${look}`}
      data-testid="stage"
      data-number={stage.number}
      data-status={look}
      aria-current={look === 'running' ? 'step' : undefined}
    >
      <span class="node" aria-hidden="true">
        <Sign look={look} number={stage.number} />
      </span>
      <span class="step-words">
        <span class="step-name">{humanise(stage.agentType)}</span>
        <span class="step-facts">{factsOf(stage, look)}</span>
        {stage.attempts > 1 && <span class="step-facts">Attempt {stage.attempts}</span>}
        {stage.error !== null && <span class="step-error">{stage.error}</span>}
      </span>
    </li>
  );
}

function Sign({ look, number }: { look: Look; number: number }): JSX.Element {
  if (look === 'completed') return <Check />;
  if (look === 'failed') return <Cross />;
  return <span>{number}</span>;
}

function factsOf(stage: Stage, look: Look): JSX.Element | string {
  if (look !== 'completed') return WORDS[look];
  const facts = [
    stage.minutes === null ? null : `${whole(stage.minutes)} min`,
    stage.tokens === null ? null : `${whole(stage.tokens)} tokens`,
    stage.costUsd === null ? null : dollars(stage.costUsd),
  ].filter((fact) => fact !== null);
  return (
    <>
      <span class="visually-hidden">Completed: </span>
      {facts.map((fact) => (
        <span key={fact} class="fact">
          {fact}
        </span>
      ))}
    </>
  );
}
