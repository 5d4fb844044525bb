/** Puts the page into its place. */
import { render } from 'preact';
import './style/base.css';
import './style/parts.css';
import './style/sessions.css';
import './style/log.css';
import { App } from './view/app.tsx';

const place = document.getElementById('page');
if (place !== null) render(<App />, place);
