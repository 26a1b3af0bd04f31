"""Files of other tools: collections of Postman and Insomnia, scripts of k6, test plans of JMeter."""
