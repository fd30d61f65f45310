{{ fatigue_by('sends_in_7_days') }}
