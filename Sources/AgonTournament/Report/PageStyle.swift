/// The page's style sheet. Colours after Okabe and Ito 2008, which people with any colour vision tell apart.
enum PageStyle {
    static let sheet = Markup.style(
        """
        :root{--bg:#fcfcfa;--card:#fff;--ink:#1c1e21;--soft:#5d636b;--line:#e3e4e0;--grid:#ecece8;--good:#00704f;--bad:#b34700;
        --blue:0,114,178;--orange:213,94,0;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b0578d;--c4:#b07a00;--c5:#3a9bd1;--g:#666c74;
        --mark:rgba(213,94,0,.16);--edge:rgba(28,30,33,.28)}
        @media (prefers-color-scheme:dark){:root{--bg:#131518;--card:#1a1d21;--ink:#e8e9ea;--soft:#9aa1a9;--line:#2c3036;--grid:#24282d;
        --good:#3fc79a;--bad:#ff9a52;--blue:60,160,225;--orange:240,128,48;--c0:#56a9e8;--c1:#f0803c;--c2:#2fc496;--c3:#dd8fbd;--c4:#e3b23c;
        --c5:#8fd0f5;--g:#a3aab2;--mark:rgba(240,128,48,.2);--edge:rgba(0,0,0,.85)}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",
        "DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
        header,main,footer{max-width:66rem;margin:0 auto;padding:0 clamp(1rem,4vw,2.5rem)}
        header{padding-top:clamp(2rem,6vw,4.5rem)}
        footer{padding-top:2rem;padding-bottom:4rem;color:var(--soft);font-size:.85rem}
        p{margin:0 0 .75rem}
        .eyebrow{color:var(--soft);font-size:.9rem;margin-bottom:.5rem}.eyebrow strong{color:var(--ink)}
        h1{font-size:clamp(1.7rem,4.6vw,2.7rem);line-height:1.15;letter-spacing:-.02em;font-weight:650;margin:0 0 .75rem;max-width:30ch;text-wrap:balance}
        h2{font-size:1.35rem;line-height:1.3;letter-spacing:-.01em;font-weight:650;margin:0 0 .5rem}
        h3{font-size:1rem;font-weight:650;margin:0;display:flex;gap:.6rem;align-items:center;flex-wrap:wrap}
        .lead{color:var(--soft);max-width:60ch;font-size:1.05rem}
        .prose{max-width:68ch;color:var(--soft)}
        section{margin-top:clamp(2.75rem,6vw,4.25rem)}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(14.2rem,1fr));gap:1rem;margin-top:1.75rem}
        .tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.15rem}
        .tile{display:flex;flex-direction:column}.tile p{margin:0}.tile .label{font-size:.88rem;font-weight:600;display:flex;gap:.6rem;align-items:center}
        .tile .value{font-size:1.45rem;font-weight:650;letter-spacing:-.01em;line-height:1.35;white-space:nowrap}
        .tile .note{color:var(--soft);font-size:.82rem}
        .verdicts{margin-top:auto;padding-top:.5rem}.claim{font-size:.82rem;font-weight:600}.claim.good{color:var(--good)}.claim.bad{color:var(--bad)}
        .claim.neutral{color:var(--soft)}.claim.good::before{content:"▲ "}.claim.bad::before{content:"▼ "}.claim.neutral::before{content:"◆ "}
        .scroll{overflow-x:auto;-webkit-overflow-scrolling:touch;overflow-wrap:normal;background:
        linear-gradient(to right,var(--bg) 40%,transparent) left/3rem 100% no-repeat local,
        linear-gradient(to left,var(--bg) 40%,transparent) right/3rem 100% no-repeat local,
        linear-gradient(to right,var(--edge),transparent) left/1rem 100% no-repeat scroll,
        linear-gradient(to left,var(--edge),transparent) right/1rem 100% no-repeat scroll}
        table{border-collapse:collapse;width:100%;font-size:.92rem}
        caption{caption-side:bottom;text-align:left;color:var(--soft);font-size:.82rem;padding-top:.6rem}
        th,td{padding:.5rem .7rem;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap;font-weight:400}
        td.text{white-space:normal;min-width:16rem;max-width:34rem}section>h3{margin-top:1.7rem}
        thead th{color:var(--soft);font-size:.8rem;border-bottom-color:var(--soft)}
        th:first-child,td:first-child{padding-left:.15rem}
        .n{text-align:right}.key{font-weight:650}.good{color:var(--good)}.bad{color:var(--bad)}
        .board th[scope=row]{font-weight:650}.board tr.anchor,.board tr.scripted{color:var(--soft)}
        .board tr.anchor th,.board tr.scripted th{font-weight:400}
        .board .swatch{margin-right:.55rem}
        .whisker{width:8.5rem;height:1rem;display:block}
        .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
        .heat td,.heat th{padding:.55rem .8rem}.heat td{min-width:6rem}.heat thead th:first-child{white-space:normal;min-width:5rem}.heat small{display:block;color:var(--soft);font-size:.74rem}
        .heat .none{color:var(--soft)}
        .h1{background:rgba(var(--blue),.10)}.h2{background:rgba(var(--blue),.2)}.h3{background:rgba(var(--blue),.32)}
        .h4{background:rgba(var(--blue),.45)}.l1{background:rgba(var(--orange),.09)}.l2{background:rgba(var(--orange),.18)}
        .l3{background:rgba(var(--orange),.28)}.l4{background:rgba(var(--orange),.4)}
        svg{overflow:visible}
        .line{fill:none;stroke-width:2.2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
        .dot{fill:none;stroke-width:8;stroke-linecap:round;vector-effect:non-scaling-stroke}
        .band{stroke:none;opacity:.15}
        .grid,.rail,.base{fill:none;stroke:var(--grid);stroke-width:1;vector-effect:non-scaling-stroke}
        .base{stroke:var(--soft)}
        .guide{fill:none;stroke:var(--soft);stroke-width:1;stroke-dasharray:1 4;vector-effect:non-scaling-stroke}
        .mark{fill:var(--mark)}.mark-key{display:inline-block;width:1rem;height:.8rem;background:var(--mark);margin-right:.5rem}
        .s0,.j0{stroke:var(--c0)}.band.s0,.band.j0{fill:var(--c0)}.s1,.j1{stroke:var(--c1)}.band.s1{fill:var(--c1)}
        .s2,.j2{stroke:var(--c2)}.band.s2{fill:var(--c2)}.s3{stroke:var(--c3)}.band.s3{fill:var(--c3)}
        .s4{stroke:var(--c4)}.band.s4{fill:var(--c4)}.s5{stroke:var(--c5)}.band.s5{fill:var(--c5)}
        .a0,.a1,.a2,.a3{stroke:var(--g)}.line.a0,.line.a1,.line.a2,.line.a3{stroke-width:1.8}
        .band.a0,.band.a1,.band.a2,.band.a3{fill:var(--g);opacity:.09}
        .band{stroke:none!important}
        .swatch{width:28px;height:10px;vertical-align:middle;flex:none}
        figure{margin:1.25rem 0 0}
        figcaption{font-weight:600;font-size:.95rem}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.2rem;margin:.3rem 0 .9rem;padding:0;font-size:.86rem}
        .legend li{display:flex;align-items:center;gap:.45rem}.legend .value{color:var(--soft)}
        .plot{display:grid;grid-template-columns:3.2rem 1fr;grid-template-rows:18rem 1.6rem}
        .plot>svg{width:100%;height:100%;grid-column:2;grid-row:1;overflow:hidden;overflow:clip;overflow-clip-margin:6px}
        .y,.x{position:relative;color:var(--soft);font-size:.76rem}
        .y{grid-column:1;grid-row:1}.x{grid-column:2;grid-row:2}
        .y span{position:absolute;right:.6rem;transform:translateY(-50%);white-space:nowrap}
        .x span{position:absolute;top:.35rem;transform:translateX(-50%);white-space:nowrap}
        .unit{grid-column:1;grid-row:2;text-align:right;padding:.35rem .9rem 0 0;white-space:nowrap;color:var(--soft);font-size:.76rem}
        .flat .plot{grid-template-rows:11rem 1.6rem}
        .pairs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1.5rem 2.5rem}
        .pairs .plot{grid-template-rows:14rem 1.6rem}
        .multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:1rem 2rem}
        .small .plot{grid-template-rows:7.5rem 1.6rem}.small .legend{font-size:.8rem;margin-bottom:.6rem}
        details{margin-top:1.1rem;font-size:.86rem}
        summary{cursor:pointer;color:var(--soft);width:fit-content}summary:hover,summary:focus-visible{color:var(--ink)}
        .claims{padding:0;margin:.25rem 0 0;list-style:none;max-width:68ch}.claims li{margin:.35rem 0}
        .gate{margin-top:1rem}.gate p{margin:0 0 .35rem;font-size:.92rem}.gate svg{width:100%;height:2.5rem;display:block}
        .promoted{fill:var(--c0)}.dropped{fill:var(--c1)}
        .room{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.25rem;margin-top:1.1rem}
        .judged{color:var(--soft);font-size:.82rem;margin:.1rem 0 .6rem}
        pre{font:.86rem/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;margin:0;white-space:pre-wrap;overflow-wrap:anywhere;
        max-height:22rem;overflow:auto;unicode-bidi:plaintext}
        .prompt{border-left:3px solid var(--line);padding:.1rem 0 .1rem .8rem}
        .answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:.25rem 1.75rem;margin-top:.9rem}
        .answer{border-top:1px solid var(--line);padding:.65rem 0}
        .who{display:flex;flex-wrap:wrap;gap:.2rem .55rem;align-items:baseline;margin:0 0 .25rem;font-size:.88rem}
        .rank{color:var(--soft)}.score{color:var(--soft);margin-left:auto}
        .tag{font-size:.76rem;font-weight:500;border:1px solid currentColor;border-radius:99px;padding:0 .5rem;white-space:nowrap}
        .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,14rem),1fr));gap:.9rem 2rem;margin:.75rem 0 0}
        .facts div:has(.code){grid-column:1/-1}
        dt{color:var(--soft);font-size:.8rem}dd{margin:0}.code{font:.85rem ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
        [hidden]{display:none!important}
        thead th button,.heat td button{all:unset;cursor:pointer;box-sizing:border-box}thead th button:hover,.heat td button:hover{text-decoration:underline}
        th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
        .tools{margin-top:2rem}.tools label,.meeting label{color:var(--soft);font-size:.88rem;margin-right:1rem}
        .tools input,.meeting select{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:8px;
        padding:.3rem .6rem;margin-left:.5rem;max-width:14rem}.meeting{margin-top:1.3rem}.meeting h3{margin-bottom:.5rem}.meeting p{margin-top:.7rem}
        :focus-visible{outline:2px solid var(--c0);outline-offset:2px}
        @media (max-width:40rem){body{font-size:15px}.plot{grid-template-columns:2.9rem 1fr;grid-template-rows:14rem 1.6rem}
        th,td{padding:.45rem .55rem}.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:.75rem}.tile{padding:.8rem .85rem}.tile .value{font-size:1.02rem}
        .flat .plot{grid-template-rows:9rem 1.6rem}
        .wide::before{content:"scroll sideways →";display:block;position:sticky;left:0;width:fit-content;color:var(--soft);font-size:.8rem}}
        .scroll th[scope=row]{position:sticky;left:0;background:var(--bg)}
        @media print{.tools,.meeting{display:none}:root{--bg:#fff}body{font-size:11pt}section{break-inside:auto}figure,.tile,.room,tr{break-inside:avoid}
        .scroll{overflow:visible}details:not([open]){display:none}header{padding-top:0}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}

        """)
}
