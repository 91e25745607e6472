/// The style sheet of a report.
enum HTMLReportStyle {
  static let css = """
    :root {
      color-scheme: light dark;
      --page: #f6f7f8; --card: #ffffff; --ink: #1f2933; --muted: #5b6770; --edge: #dde2e6;
      --accent: #00629b; --soft: #eef4f8; --alert: #fff4e0; --alert-edge: #e69f00;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #14181c; --card: #1c2228; --ink: #e4e8eb; --muted: #9aa7b1; --edge: #323b44;
        --accent: #6cc0f0; --soft: #222b33; --alert: #33291a; --alert-edge: #e69f00;
      }
    }
    * { box-sizing: border-box; }
    html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--page); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial,
        "DejaVu Sans", sans-serif;
    }
    header, nav, main { max-width: 1160px; margin: 0 auto; padding: 0 24px; }
    header { padding-top: 36px; }
    h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
    h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 12px; }
    h3 { font-size: 1rem; margin: 16px 0 6px; }
    p { margin: 0 0 12px; max-width: 76ch; overflow-wrap: anywhere; }
    .subtitle { color: var(--muted); margin: 6px 0 0; }
    nav { display: flex; flex-wrap: wrap; gap: 6px 18px; padding-top: 16px; font-size: .92rem; }
    a { color: var(--accent); text-decoration: none; }
    a:hover, a:focus-visible { text-decoration: underline; }
    main { padding-top: 22px; padding-bottom: 56px; }
    .tiles {
      display: grid; gap: 12px; margin-bottom: 12px;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 158px), 1fr));
    }
    .tile {
      background: var(--card); border: 1px solid var(--edge); border-radius: 10px;
      padding: 14px 16px;
    }
    .tile p { margin: 0; }
    .tile .label { color: var(--muted); font-size: .82rem; }
    .tile .value {
      font-size: 1.65rem; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums;
    }
    .tile .unit { font-size: .9rem; font-weight: 400; color: var(--muted); }
    .tile .context { color: var(--muted); font-size: .8rem; }
    .protocol { color: var(--muted); font-size: .86rem; max-width: none; }
    section {
      background: var(--card); border: 1px solid var(--edge); border-radius: 12px;
      padding: 22px 24px; margin-top: 20px; scroll-margin-top: 12px;
    }
    section > :last-child { margin-bottom: 0; }
    .note {
      background: var(--alert); border-left: 4px solid var(--alert-edge); border-radius: 6px;
      padding: 10px 14px;
    }
    figure { margin: 0 0 22px; min-width: 0; }
    figcaption { color: var(--muted); font-size: .9rem; margin-top: 8px; max-width: 90ch; }
    .look { display: block; color: var(--ink); margin-top: 2px; }
    .charts {
      display: grid; gap: 22px 20px; margin-bottom: 22px;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr));
    }
    .charts figure { margin: 0; }
    .chart {
      background: #ffffff; border: 1px solid var(--edge); border-radius: 8px; padding: 4px;
      max-width: 760px; overflow: hidden;
    }
    .chart svg { display: block; width: 100%; height: auto; }
    .picture {
      display: block; overflow: auto; background: #ffffff; border: 1px solid var(--edge);
      border-radius: 8px; padding: 4px; cursor: zoom-in;
    }
    .picture img { display: block; max-width: 100%; height: auto; }
    .picture input { position: absolute; opacity: 0; }
    .picture:has(input:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
    .picture:has(input:checked) { cursor: zoom-out; max-height: 92vh; }
    .picture input:checked + img { max-width: none; }
    .table { overflow-x: auto; margin-bottom: 10px; }
    table { border-collapse: collapse; font-size: .93rem; min-width: min(100%, 420px); }
    th, td {
      padding: 7px 22px 7px 2px; text-align: left; border-bottom: 1px solid var(--edge);
      vertical-align: top; overflow-wrap: anywhere;
    }
    th { color: var(--muted); font-weight: 600; font-size: .85rem; white-space: nowrap; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    tbody tr:hover { background: var(--soft); }
    pre {
      background: var(--soft); border-radius: 8px; padding: 12px 14px; overflow-x: auto;
      font: .86rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
      margin: 0 0 12px;
    }
    summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
    details pre { margin-top: 8px; }
    @media (max-width: 640px) {
      header, nav, main { padding-left: 14px; padding-right: 14px; }
      section { padding: 16px 14px; }
      h1 { font-size: 1.5rem; }
    }
    @media print {
      :root {
        color-scheme: light;
        --page: #ffffff; --card: #ffffff; --ink: #000000; --muted: #444444; --edge: #bbbbbb;
        --accent: #000000; --soft: #f3f3f3;
      }
      body { font-size: 11pt; }
      nav { display: none; }
      section { border: 0; padding: 0; margin-top: 18pt; }
      figure, .tile, tr { break-inside: avoid; }
      h2, h3 { break-after: avoid; }
      pre { white-space: pre-wrap; overflow-wrap: anywhere; }
      .charts { grid-template-columns: 1fr 1fr; }
      .picture, .picture:has(input:checked) { max-height: none; overflow: hidden; }
      .picture img, .picture input:checked + img { max-width: 100%; max-height: 215mm; }
      details::details-content { content-visibility: visible; height: auto; }
    }
    """
}
