"""Virtual users and arrivals: who sends what when."""
