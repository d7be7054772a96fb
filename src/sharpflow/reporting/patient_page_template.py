"""How a patient's page looks: its HTML and CSS."""

from sharpflow.reporting.joint_grid import GRID_TABLE

STYLE = """
.visits { display: grid; gap: .8em 1em; align-items: start }
.visits h3 { margin: .2em 0; font-size: 1em } figure { margin: 0 }
figcaption { color: #52606d } td.limb { font-weight: 600 }
.grid td, .grid th { text-align: center } .grid td:first-child, .grid td:nth-child(2),
.grid th:first-child, .grid th:nth-child(2) { text-align: left }
.missing { color: #b03a2e } .first { border-left: 2px solid #cbd2d9 }
.wide td, .wide th { border-top: 2px solid #9aa5b1 }
"""

BODY = (
    """
<p class="research"><strong>{{ research_only }}</strong> {{ data }}</p>
<p>{{ summary }} Back to <a href="index.html">all patients</a>.</p>

<h2>Sums</h2>
{%- if sums %}
<div class="scroll"><table>
<thead><tr><th>Visit</th><th>Radiographs of</th><th>Erosion: predicted (true)</th>
<th>Narrowing: predicted (true)</th><th>Total: predicted (true)</th><th>Joints scored</th></tr>
</thead>
<tbody>
{%- for row in sums %}
<tr><td>{{ row.visit }}</td><td>{{ row.limbs }}</td><td>{{ row.erosion }}</td>
<td>{{ row.narrowing }}</td><td>{{ row.total }}</td><td>{{ row.joints }}</td></tr>
{%- endfor %}
</tbody></table></div>
<ul class="note">
<li>A sum is blank where a joint is missing, since it would look like a low total; its true sum
counts all joints.</li>
<li>Wrist sites are not included, so this is not the complete Sharp/van der Heijde score.</li>
</ul>
{%- else %}
<p>Joints were split one by one, so that a patient has training and test joints: there are no sums,
and only the test joints are here.</p>
{%- endif %}

<h2>What was not found</h2>
{%- if missing %}
<ul>
{%- for line in missing %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
{%- else %}
<p>Every joint of these radiographs was found and scored.</p>
{%- endif %}

<h2>Radiographs</h2>
<div class="visits" style="grid-template-columns: repeat({{ columns }}, minmax(0, 1fr))">
{%- for cell in pictures %}
<div>
<h3>{{ cell.heading }}</h3>
{%- if cell.uri %}
<figure><img alt="{{ cell.heading }}, with joints and scores" src="{{ cell.uri }}">
<figcaption>{{ cell.image_id }}{% if cell.note %}: {{ cell.note }}{% endif %}</figcaption></figure>
{%- else %}
<p class="note">{{ cell.note }}</p>
{%- endif %}
</div>
{%- endfor %}
</div>

<h2>Joint by joint</h2>
"""
    + GRID_TABLE
    + """<ul class="note">
<li>Predicted score; the true one in brackets, where somebody has scored the joint. Colour: the
predicted score as a share of its range: 0 blue, then yellow, orange, red by thirds.</li>
<li>Ranges: {{ ranges }}. The thumb's IP joint has no narrowing score.</li>
<li>Confidence: the detector's, 0 to 1, that its box holds the joint.</li>
</ul>
"""
)

INDEX = """
<p class="research"><strong>{{ research_only }}</strong> {{ data }}</p>
<p>{{ summary }}</p>
<div class="scroll"><table>
<thead><tr><th>Patient</th><th>Visits</th><th>Radiographs</th><th>Joints scored</th></tr></thead>
<tbody>
{%- for row in rows %}
<tr><td><a href="{{ row.href }}">{{ row.patient }}</a></td><td>{{ row.visits }}</td>
<td>{{ row.radiographs }}</td><td>{{ row.joints }}</td></tr>
{%- endfor %}
</tbody></table></div>
"""
