{{ fatigue_by('sends_in_28_days') }}
