"""How the page of a scored patient, and the index, look: their HTML and CSS."""

from sharpflow.reporting.joint_grid import GRID_TABLE

STYLE = """
.visit { display: grid; gap: 1em; align-items: start; margin: .4em 0 1.2em;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 34em), 1fr)) }
figure { margin: 0; break-inside: avoid } figcaption { color: #52606d; overflow-wrap: anywhere }
figure img { background: #000; display: block; max-height: 46em; margin: 0 auto }
.both { grid-column: 1 / -1 } li { overflow-wrap: anywhere } td { white-space: nowrap }
td.words, td.path { white-space: normal; min-width: 18em } td.path { overflow-wrap: anywhere }
.whole td { font-weight: 600; border-bottom: 2px solid #9aa5b1 }
.no { color: #b03a2e }
@media (max-width: 40em) { body { margin: .8em } }
@media print { tr { break-inside: avoid } .visit { grid-template-columns: 1fr 1fr }
  figure img { max-height: 22cm } }
"""

BODY = (
    """
<p class="research"><strong>{{ not_for }}</strong></p>
<p>{{ summary }} Back to <a href="../index.html">all patients</a>.</p>

{%- if sums %}
<h2>Sums</h2>
<div class="scroll"><table>
<thead><tr><th>Visit</th><th class="text">Of</th><th>Erosion</th><th>Narrowing</th><th>Total</th>
<th>Joints scored</th><th>Not to be trusted</th>
{%- if has_whole %}<th>Whole image: total</th><th class="text">Severity class</th>
<th>Pipelines differ by</th>{% endif %}</tr></thead>
<tbody>
{%- for row in sums %}
<tr{% if row.is_visit %} class="whole"{% endif %}><td>{{ row.visit }}</td>
<td class="text">{{ row.of }}</td><td>{{ row.erosion }}</td><td>{{ row.narrowing }}</td>
<td>{{ row.total }}</td><td>{{ row.joints }}</td><td>{{ row.doubted }}</td>
{%- if has_whole %}<td>{{ row.whole }}</td><td class="text">{{ row.severity }}</td>
<td>{{ row.differ }}</td>{% endif %}</tr>
{%- endfor %}
</tbody></table></div>
<ul class="note">
{%- for note in sum_notes %}
<li>{{ note }}</li>
{%- endfor %}
</ul>
{%- endif %}

{%- if changes %}
<h2>Change between visits</h2>
<div class="scroll"><table>
<thead><tr><th>Visits</th><th class="text">Of</th><th>Erosion</th><th>Narrowing</th><th>Total</th>
<th>Smallest detectable change</th><th class="text">More than that</th>
<th class="text">Joints that changed</th></tr></thead>
<tbody>
{%- for row in changes %}
<tr{% if row.is_visit %} class="whole"{% endif %}><td>{{ row.visits }}</td>
<td class="text">{{ row.of }}</td><td>{{ row.erosion }}</td><td>{{ row.narrowing }}</td>
<td>{{ row.total }}</td><td>{{ row.least }}</td><td class="text">{{ row.exceeds }}</td>
<td class="text words">{{ row.joints }}</td></tr>
{%- endfor %}
</tbody></table></div>
<ul class="note">
{%- for note in change_notes %}
<li>{{ note }}</li>
{%- endfor %}
</ul>
{%- endif %}

<h2>What could not be scored</h2>
{%- if missing %}
<ul>
{%- for line in missing %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
{%- else %}
<p>Nothing: all that these radiographs show for the bundle was scored.</p>
{%- endif %}

{%- for visit in visits %}
<h2>{{ visit.heading }}</h2>
<div class="visit">
{%- for cell in visit.pictures %}
<figure{% if cell.is_both %} class="both"{% endif %}>
<img alt="{{ cell.alt }}" src="{{ cell.uri }}"><figcaption>{{ cell.caption }}</figcaption></figure>
{%- endfor %}
</div>
{%- endfor %}

{%- if grid %}
<h2>Joint by joint</h2>
"""
    + GRID_TABLE
    + """<ul class="note">
<li>Colour: the score as a share of its range: 0 blue, then yellow, orange, red by thirds. Ranges:
{{ ranges }}. The thumb's IP joint has no narrowing score.</li>
<li>Trust: whether simple rules speak against a score. Uncertain: the score has a probability
below {{ likely }}. A joint of which the rules say nothing can be wrong all the same.</li>
</ul>
{%- endif %}

<h2>What scored these radiographs</h2>
<ul>
{%- for line in models %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
"""
)

INDEX = """
<p class="research"><strong>{{ not_for }}</strong></p>
<p>{{ summary }}</p>
{%- if rows %}
<div class="scroll"><table>
<thead><tr><th>Patient</th><th>Visits</th><th>Radiographs scored</th><th>Refused</th>
<th>Joints scored</th><th>Not to be trusted</th></tr></thead>
<tbody>
{%- for row in rows %}
<tr><td><a href="{{ row.href }}">{{ row.title }}</a></td><td>{{ row.visits }}</td>
<td>{{ row.radiographs }}</td><td>{{ row.refused }}</td><td>{{ row.joints }}</td>
<td>{{ row.doubted }}</td></tr>
{%- endfor %}
</tbody></table></div>
{%- endif %}

{%- if warnings %}
<h2>Meant otherwise?</h2>
<ul>
{%- for line in warnings %}
<li class="path">{{ line }}</li>
{%- endfor %}
</ul>
{%- endif %}

<h2>Refused radiographs, and those refused in part</h2>
{%- if refused %}
<div class="scroll"><table>
<thead><tr><th>Radiograph</th><th class="text">Reason</th></tr></thead>
<tbody>
{%- for one in refused %}
<tr><td class="path">{{ one.image }}</td><td class="text words">{{ one.reason }}</td></tr>
{%- endfor %}
</tbody></table></div>
{%- if more %}
<p class="note">And {{ more }} more: see refused.csv.</p>
{%- endif %}
{%- else %}
<p>None.</p>
{%- endif %}

<h2>What scored these radiographs</h2>
<ul>
{%- for line in models %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
"""
