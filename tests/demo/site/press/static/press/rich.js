/*
 * A small rich text editor in front of each textarea.press-rich: a toolbar
 * and an editable area. The textarea stays in the form and always has the
 * text, as HTML.
 */
'use strict';

(() => {
	const COMMANDS = [
		['bold', 'B', 'Bold'],
		['italic', 'I', 'Italic'],
		['insertUnorderedList', '\u2022', 'List'],
		['removeFormat', '\u00d7', 'Remove the formatting'],
	];

	function button(area, [command, text, title]) {
		const b = document.createElement('button');
		b.type = 'button';
		b.textContent = text;
		b.title = title;
		b.setAttribute('aria-label', title);
		/* Keep the selection that the command is for. */
		b.addEventListener('mousedown', (e) => e.preventDefault());
		b.addEventListener('click', () => {
			area.focus();
			document.execCommand(command);
		});
		return b;
	}

	function install(textarea) {
		const box = document.createElement('div');
		const bar = document.createElement('div');
		const area = document.createElement('div');
		const label = document.querySelector(
		    `label[for="${textarea.id}"]`);

		box.className = 'press-editor';
		bar.className = 'press-toolbar';
		bar.setAttribute('role', 'toolbar');
		bar.setAttribute('aria-label', 'Formatting');
		area.className = 'press-area';
		area.contentEditable = 'true';
		area.setAttribute('role', 'textbox');
		area.setAttribute('aria-multiline', 'true');
		if (label) {
			label.id = label.id || `${textarea.id}_label`;
			area.setAttribute('aria-labelledby', label.id);
			label.addEventListener('click', () => area.focus());
		}
		area.innerHTML = textarea.value;
		area.addEventListener('input', () => {
			textarea.value = area.innerHTML;
			textarea.dispatchEvent(
			    new Event('input', { bubbles: true }));
		});
		/* Who sets the textarea by script and says so is followed. */
		textarea.addEventListener('change', () => {
			if (area.innerHTML !== textarea.value)
				area.innerHTML = textarea.value;
		});
		for (const command of COMMANDS)
			bar.append(button(area, command));
		box.append(bar, area);
		textarea.classList.add('press-source');
		textarea.tabIndex = -1;
		textarea.setAttribute('aria-hidden', 'true');
		textarea.after(box);
	}

	document.addEventListener('DOMContentLoaded', () => {
		document.execCommand('defaultParagraphSeparator', false, 'p');
		document.querySelectorAll('textarea.press-rich')
		    .forEach(install);
	});
})();
